"""Run a command with all that it starts, for a bounded time and with bounded output."""

import contextlib
import os
import signal
import sys
import time
from subprocess import DEVNULL, Popen
from tempfile import TemporaryFile

MOST, SOON = 4_000_000, 5  # bytes of output; seconds until it is said what is waited for


def run(command, seconds, waiting="", env=None):
    """Run a command in a process group of its own; return (exit code, output, errors).

    The code is None if the command could not run or had no end; then the errors say why. However
    the waiting ends, by Ctrl-C too, the group ends with it. waiting: what is waited for, in words.
    """
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, stop)
    with TemporaryFile() as output, TemporaryFile() as errors:
        files = {"stdin": DEVNULL, "stdout": output, "stderr": errors}
        try:
            with Popen(command, process_group=0, env=env, **files) as process:
                problem = wait(process, seconds, waiting, output, errors)
        except OSError as error:
            return None, "", f"cannot run {command[0]}: {error.strerror}"
        code = None if problem else process.returncode
        return code, text_of(output), problem or text_of(errors)


def wait(process, seconds, waiting, *files):
    """Wait for a process, and end its group; return "", or why the end was not waited for."""
    begin = time.monotonic()
    try:
        while process.poll() is None:
            if any(os.fstat(file.fileno()).st_size > MOST for file in files):
                return f"it prints without end: {MOST // 10**6} MB so far"
            if (passed := time.monotonic() - begin) > seconds:
                return f"still running after {seconds:g} s"
            if waiting and passed > SOON:
                print(f"  waiting for {waiting}, {seconds:g} s at most", file=sys.stderr)
                waiting = ""
            time.sleep(0.02)
        return ""
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def stop(number, _):
    """End this process by an exception, so that the group is ended as well."""
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)


def text_of(file):
    file.seek(0)
    return file.read().decode(errors="replace")
