"""grain.py notices wrong answers, and interpreters.py interpreters that share a GIL."""

import sys
from functools import partial
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "build"))
import grain


def test_steps_that_are_left_out_are_caught(monkeypatch, capsys):
    released = grain.counter.released
    monkeypatch.setattr(sys, "argv", ["grain.py"])
    monkeypatch.setattr(grain.counter, "released", lambda n: released(n) - 1)
    with pytest.raises(SystemExit, match="1"):
        grain.main()
    assert f"wrong answer: {' '.join(grain.NAMES)}\n" in capsys.readouterr().err


@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", bool)(), reason="needs 3.14 with a GIL")
def test_two_interpreters_that_share_a_gil_are_caught(monkeypatch, capsys):
    private = pytest.importorskip("concurrent.interpreters")._interpreters
    import interpreters  # noqa: PLC0415

    monkeypatch.setattr(private, "create", partial(private.create, "legacy"))
    monkeypatch.setattr(sys, "argv", ["interpreters.py", "-n", "1000"])
    with pytest.raises(SystemExit, match="1"):
        interpreters.main()
    assert "share one GIL" in capsys.readouterr().err
