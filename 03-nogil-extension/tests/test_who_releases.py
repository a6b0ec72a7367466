"""Verdicts of who_releases.py on calls of every kind, and what keeps it from wrong ones."""

import sys
from pathlib import Path
from subprocess import run

import pytest
from bench import has_gil

sys.path.insert(0, str(Path(__file__).parent.parent))
import who_releases

GIL = has_gil()
HOLD = "import ctypes, time; hold = ctypes.PyDLL(None).usleep"  # CDLL would release it
ONE_CORE = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])"
CASES = [
    ("releases it", 0, "import time", "time.sleep(0.02)"),
    ("releases it", 0, "import hashlib; data = bytes(20_000_000)", "hashlib.sha256(data)"),
    ("releases it", 0, "import hashlib; data = bytes(20_000)", "hashlib.sha256(data)"),
    ("holds it", 1, "import json; d = [1] * 1_000_000", "json.dumps(d)"),
    ("releases part", 1, HOLD, "hold(30_000); time.sleep(0.015)"),
    ("takes turns", 1, "", "for i in range(800_000): pass"),
    ("too short", 3, "d = {}", "len(d)"),
]
REASONS = {
    "1 / 0": "ZeroDivisionError: division by zero",
    "x =": "SyntaxError",
    "raise SystemExit(0)": "SystemExit: 0",
    "raise ValueError('two\\nlines')": "ValueError: two",
    "-simport time; time.sleep = lambda _: 0": "patched",  # as gevent does
    "--nonsense": "--nonsense",
}


def ask(*words):
    command = sys.executable, "-I", "-S", who_releases.__file__, *words
    return run(command, check=False, capture_output=True, text=True, timeout=300)


@pytest.mark.skipif(not GIL, reason="there is no GIL")
@pytest.mark.parametrize("prepare", ["", ONE_CORE])
@pytest.mark.parametrize(("verdict", "code", "setup", "statement"), CASES)
def test_verdicts_and_exit_codes(verdict, code, setup, statement, prepare):
    done = ask("-s", prepare, "-s", "print('to stderr')", "-s", setup, statement)
    seen = done.stdout.split(" (")[0], done.returncode
    if seen == ("unclear", 3):
        pytest.skip("this machine is too busy")
    assert seen == (verdict, code)


@pytest.mark.parametrize("word", REASONS)
def test_where_there_is_no_verdict_one_line_says_why(word):
    done = ask(word)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert REASONS[word] in done.stderr


@pytest.mark.skipif(not GIL, reason="there is no GIL")
def test_a_watcher_without_a_core_is_not_taken_for_a_call_that_holds(monkeypatch):
    monkeypatch.setattr(who_releases, "SLEEP", 0.3)  # as blind as one that gets no core
    monkeypatch.setattr(who_releases, "PATIENCE", 3)
    assert who_releases.judge("import time", "time.sleep(0.02)")[0] == "unclear"
