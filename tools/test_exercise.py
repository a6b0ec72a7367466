"""The checks of exercises: copies, and works that hang, print for ever or end the process."""

import contextlib
import fcntl
import os
import resource
import signal
import subprocess
import sys
import time

import pytest

CHECK = """
import harness, pathlib, sys
from exercise import check

def claims(work, _):
    for _ in "once", "again":
        yield from harness.ask(work, [sys.executable, work], ("begun", "finished"), {})

harness.LIMIT = 6
check(pathlib.Path(__file__).parent, [".py"], claims)
"""
BEGUN = "import sys; print(sys.argv[-1])\n"  # a work is a harness itself, and finds no fault


def run(folder, stdout=subprocess.PIPE, **options):
    """Check mine.py; return the exit code and all that is said."""
    options |= {"cwd": folder, "stdout": stdout, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run([sys.executable, "check.py"], check=False, **options)
    return done.returncode, done.stdout


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "09-chapter" / "exercise"
    folder.mkdir(parents=True)
    (folder / "check.py").write_text(CHECK)
    (folder / "starter.py").write_text(f"{BEGUN}print(sys.argv[-1], 'ñ')\n", encoding="utf-8")
    return folder


def test_a_copy_is_the_readers_and_half_a_copy_is_none(folder):
    full_disk = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))}
    assert run(folder, **full_disk)[0] == 2 and not (folder / "mine.py").exists()
    code, output = run(folder, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert code == 1 and "09-chapter/exercise/mine.py is your copy of the starter" in output
    assert "right    begun" in output and "not yet  finished\n           \\xf1" in output
    (folder / "mine.py").write_text(BEGUN * 2)
    code, output = run(folder)
    assert code == 0 and "All right" in output and "not yet" not in output
    reader, writer = os.pipe()
    os.close(reader)
    assert run(folder, stdout=writer)[0] == -signal.SIGPIPE  # and no traceback


def test_a_work_without_an_end_has_not_passed(folder):
    (folder / "mine.py").write_text("import os\nwhile True: os.write(1, b'\\xff' * 999)")
    code, output = run(folder)
    assert code == 1 and "not yet  begun\n           it prints without end: 4 MB so far" in output
    (folder / "mine.py").write_text("while True: pass")
    code, output = run(folder)
    assert code == 1 and "waiting for your code, 6 s at most" in output
    assert output.count("still running after 6 s") == 1  # the second question is not asked


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_check_ends_all_that_the_work_started(folder, number):
    (folder / "mine.py").write_text(f"""import fcntl, os, subprocess
lock = open("lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)  # until this process and its child have ended
subprocess.Popen(["sleep", "1000"], pass_fds=[lock.fileno()])
os.kill(os.getppid(), {number})
while True: pass
""")
    assert run(folder)[0] == 128 + number
    end = time.monotonic() + 60
    with open(folder / "lock") as lock:
        while True:
            with contextlib.suppress(BlockingIOError):
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            assert time.monotonic() < end
            time.sleep(0.1)
