"""The checks of exercises: copies, and works that hang, print for ever or end the process."""

import fcntl
import os
import resource
import signal
import subprocess
import sys

import pytest

CHECK = """
import harness, pathlib, sys
from exercise import check

harness.LIMIT, claims = 6, ("begun", "finished")
check(pathlib.Path(__file__).parent, [".py"],
      lambda work: harness.ask(work, [sys.executable, work], claims, {}))
"""
BEGUN = "import os, sys; print(sys.argv[-1])\n"  # a work is a harness itself, and finds no fault
CHILD = f"""{BEGUN}import fcntl, subprocess; lock = open("lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)  # until this process and its child have ended
subprocess.Popen(["sleep", "1000"], pass_fds=[lock.fileno()])
"""


def run(folder, work=None, stdout=subprocess.PIPE, **options):
    """Check mine.py, or else a work; return the exit code and all that is said."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "check.py").write_text(CHECK)
    (folder / "starter.py").write_text(f"{BEGUN}print(sys.argv[-1], 'ñ')\n", encoding="utf-8")
    (folder / "work.py").write_text(work or "", encoding="latin-1")
    command = [sys.executable, "check.py", *["work.py"] * bool(work)]
    options |= {"cwd": folder, "stdout": stdout, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, check=False, **options)
    output = (done.stdout or b"").decode()
    assert "Traceback" not in output
    return done.returncode, output


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "09-chapter" / "exercise"


def test_a_copy_is_the_readers_and_half_a_copy_is_none(folder):
    full_disk = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))}
    assert run(folder, **full_disk)[0] == 2 and not (folder / "mine.py").exists()
    code, output = run(folder, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert code == 1 and output.startswith("09-chapter/exercise/mine.py is your copy of the")
    assert "right    begun" in output and "not yet  finished\n           \\xf1" in output
    (folder / "mine.py").write_text(BEGUN * 2)
    code, output = run(folder)
    assert code == 0 and "All right" in output and "not yet" not in output
    reader, writer = os.pipe()
    os.close(reader)
    assert run(folder, stdout=writer)[0] == -signal.SIGPIPE  # and no traceback


WORKS = {
    f"{BEGUN}sys.exit(0)": "the process was ended before the check was: exit(0)",
    f"{BEGUN}raise ValueError(1)": "line 2: ValueError: 1",
    f"{BEGUN}while True: os.write(1, b'\\xff' * 999)": "it prints without end: 4 MB so far",
    f"{CHILD}while True: pass": "still running after 6 s",
    "ÿ": "SyntaxError: Non-UTF-8 code",
}


@pytest.mark.parametrize("work", WORKS)
def test_a_work_that_does_not_come_to_its_end_has_not_passed(folder, work):
    code, output = run(folder, work)
    assert code == 1 and f"\n           {WORKS[work]}" in output
    assert ("waiting for your code, 6 s at most" in output) == work.startswith(CHILD)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_check_ends_all_that_the_work_started(folder, number):
    work = f"{CHILD}os.kill(os.getppid(), {number})\nwhile True: pass"
    heard = {"preexec_fn": lambda: signal.signal(number, signal.SIG_DFL)}
    assert run(folder, work, **heard)[0] == 128 + number
    with open(folder / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
