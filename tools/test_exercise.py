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


def check(folder, work=None, **options):
    """Check mine.py, with this text if there is one; return the exit code and what is said."""
    (folder / "check.py").write_text(CHECK)
    (folder / "starter.py").write_text(f"{BEGUN}print(sys.argv[-1], 'ñ')\n", encoding="utf-8")
    if work:
        (folder / "mine.py").write_text(work)
    options |= {"cwd": folder, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "check.py"], check=False, **options)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path):
    (folder := tmp_path / "09-chapter" / "exercise").mkdir(parents=True)
    return folder


def test_a_copy_is_the_readers_and_half_a_copy_is_none(folder):
    full_disk = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))}
    assert check(folder, **full_disk)[0] == 2 and not (folder / "mine.py").exists()
    assert check(folder, env={"PYTHONIOENCODING": "ascii"})[0] == 1
    assert (folder / "mine.py").read_bytes() == (folder / "starter.py").read_bytes()
    assert check(folder, BEGUN * 2)[0] == 0 and (folder / "mine.py").read_text() == BEGUN * 2


@pytest.mark.parametrize(
    ("work", "said", "times"),  # the check asks twice
    [
        ("print()\n" * 2, "exit(0)", 2),  # it does not know the number
        (BEGUN, "exit(0)", 2),
        (BEGUN * 2 + "os._exit(3)", "exit(3)", 2),
        (BEGUN * 2 + "os.abort()", "SIGABRT", 2),
        (BEGUN + "while True: os.write(1, b'\\xff' * 999)", "4 MB", 2),
        (BEGUN + "while True: pass", "waiting for your code", 1),
    ],
)
def test_a_work_that_does_not_end_well_has_not_passed(folder, work, said, times):
    code, output = check(folder, work)
    assert code == 1 and output.count(said) == times


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_check_ends_all_that_the_work_started(folder, number):
    os.mkfifo(folder / "held")
    held = os.open(folder / "held", os.O_RDONLY | os.O_NONBLOCK)
    code, _ = check(
        folder,
        f"""import os, signal, subprocess
subprocess.Popen(["sleep", "1000"], pass_fds=[os.open("held", os.O_WRONLY)])
os.kill(os.getppid(), {number})
signal.pause()
""",
    )
    assert code == 128 + number
    assert select.select([held], [], [], 60)[0], "somebody has it open still"
