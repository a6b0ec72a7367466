"""The languages that are here, those that are not, and what counts or releases wrongly."""

import subprocess
import sys
from types import SimpleNamespace

import primes
import pytest
from bench import has_gil

C, GIL = primes.load("c"), has_gil()
WAYS = (max, C.held, 0.1, "odd odd-threads"), (C.held, C.held, 0.1, "in odd: ")
WAYS += ((C.released, C.released, 30, "in odd: "),)  # where two are to meet, they have time


@pytest.fixture
def main(monkeypatch):
    def run(**changes):
        for name, value in ({"KNOWN": {20011: 2262}} | changes).items():
            monkeypatch.setattr(primes, name, value)
        monkeypatch.setattr(sys, "argv", ["primes.py", "-n", "20011", "-t", "3"])
        primes.main()

    return run


def test_every_language_counts_right_and_two_threads_meet_only_if_the_gil_is_released(main, capsys):
    main()
    said = capsys.readouterr().out
    rows = [line.split() for line in said.splitlines() if " 2262 " in line]
    assert len(rows) == 2 * (len(primes.LANGUAGES) - said.count("left out"))
    for _, threads, *_, inside, held in rows:
        assert inside == str(min(int(threads), 2)) and (held in "1-" or not GIL)


@pytest.mark.parametrize(("released", "held", "patience", "said"), WAYS[: 1 + 2 * GIL])
def test_what_counts_or_releases_wrongly_is_named(main, capsys, released, held, patience, said):
    patience = {"released": 0.1, "held": patience}
    functions = SimpleNamespace(released=released, held=held)
    with pytest.raises(SystemExit, match="1"):
        main(LANGUAGES=["odd"], load=lambda _: functions, PATIENCE=patience)
    assert said in capsys.readouterr().err


def test_what_has_no_tools_fails_nothing_and_is_left_out_by_name(main, capsys, tmp_path):
    files = [tmp_path / "primes_pybind11.so", tmp_path / "libprimes_rust.so"]
    words = "CXX=no-c++", "RUSTC=no-rustc", f"OTHER={tmp_path}", "-sC", primes.OTHER.parent.parent
    subprocess.run(["make", *words, *files], check=True)
    main(LANGUAGES=["rust"], OTHER=tmp_path)
    assert "left out: rust (no Rust compiler: " in capsys.readouterr().out
