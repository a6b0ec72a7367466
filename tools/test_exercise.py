"""The checks of exercises: copies, and works that hang, print for ever or end the process."""

import os
import resource
import select
import signal
import subprocess
import sys

import pytest

CHECK = """
import exercise, pathlib, sys

def claims(work, _):
    for _ in "once", "again":
        yield from exercise.ask(work, [sys.executable, work], ("begun", "finished"), {})

exercise.LIMIT = 6
exercise.check(pathlib.Path(__file__).parent, [".py"], claims)
"""
BEGUN = "import os, sys; print(sys.argv[-1], flush=True)\n"  # a work is its own harness here


def check(chapter, work=None, **options):
    """Check mine.py, with this text if there is one; return the exit code and what is said."""
    (folder := chapter / "exercise").mkdir(parents=True, exist_ok=True)
    (folder / "check.py").write_text(CHECK)
    (folder / "solution.py").write_text(BEGUN * 2)
    (folder / "starter.py").write_text(f"{BEGUN}print(sys.argv[-1], 'ñ')\n", encoding="utf-8")
    if work:
        (folder / "mine.py").write_text(work)
    options |= {"cwd": chapter, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "exercise/check.py"], check=False, **options)
    return done.returncode, done.stdout + done.stderr


def test_a_copy_is_the_readers_and_half_a_copy_is_none(tmp_path):
    chapter = tmp_path / "01-made-up"
    mine, starter = (chapter / f"exercise/{name}.py" for name in ("mine", "starter"))
    full_disk = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))}
    assert check(chapter, **full_disk)[0] == 2 and not mine.exists()
    assert check(chapter, env={"PYTHONIOENCODING": "ascii"})[0] == 1
    assert mine.read_bytes() == starter.read_bytes()
    assert check(chapter, BEGUN * 2)[0] == 0 and mine.read_text() == BEGUN * 2


ENDS = {  # of a work, and what is said of it, twice: the check asks twice
    "print()\n" * 2: "exit(0)",  # it does not know the number
    BEGUN: "exit(0)",
    BEGUN * 2 + "os._exit(3)": "exit(3)",
    BEGUN * 2 + "os.abort()": "SIGABRT",
    BEGUN + "while True: os.write(1, b'\\xff' * 999)": "4 MB",
}


@pytest.mark.parametrize("work", ENDS)
def test_a_work_that_does_not_end_well_has_not_passed(tmp_path, work):
    code, output = check(tmp_path, work)
    assert code == 1 and output.count(ENDS[work]) == 2


def test_a_work_without_an_end_is_waited_for_once(tmp_path):
    code, output = check(tmp_path, BEGUN + "while True: pass")
    assert code == 1 and output.count("waiting") == output.count("still running") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_check_ends_all_that_the_work_started(tmp_path, number):
    os.mkfifo(tmp_path / "held")
    held = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)
    work = """import os, signal, subprocess
subprocess.Popen(["sleep", "1000"], pass_fds=[os.open("held", os.O_WRONLY)])
os.kill(os.getppid(), NUMBER)
signal.pause()"""
    assert check(tmp_path, work.replace("NUMBER", str(int(number))))[0] == 128 + number
    assert select.select([held], [], [], 60)[0], "somebody has it open still"
