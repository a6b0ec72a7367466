"""What primes.py says of the library's answers, of a library that is not there, and of the GIL."""

import sys

import primes
import pytest

ROWS = ["python", "python-threads", "pydll", "pydll-threads", "cdll-threads"]


@pytest.fixture
def table(monkeypatch, capsys):
    def run(*options):
        monkeypatch.setattr(sys, "argv", ["primes.py", *options])
        primes.main()
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        return {words[0]: words for words in lines if words and words[0] in ROWS}

    return run


def test_all_versions_have_the_answer_of_primes_c(table):
    rows = table("-n", "20000", "-t", "3")
    assert list(rows) == ROWS and {row[2] for row in rows.values()} == {"2262"}


@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="there is no GIL")
def test_pydll_keeps_one_core_busy(table):
    rows = table("-n", "400000")
    assert max(float(rows[version][5]) for version in ("python-threads", "pydll-threads")) < 1.25


def test_without_the_library_there_are_the_rows_of_python(table, monkeypatch, tmp_path):
    monkeypatch.setattr(primes, "LIBRARY", tmp_path / "none.so")
    assert list(table("-n", "1000")) == ROWS[:2]


def test_a_library_that_miscounts_is_caught(table, monkeypatch, capsys):
    monkeypatch.setattr(primes, "load", lambda _: lambda low, high: high - low)
    with pytest.raises(SystemExit) as end:
        table("-n", "1000")
    assert end.value.code == 1 and " ".join(ROWS[2:]) in capsys.readouterr().err
