"""Run a command with all that it starts, for a bounded time and with bounded output."""

import contextlib
import os
import signal
import sys
import time
from subprocess import DEVNULL, Popen, TimeoutExpired
from tempfile import TemporaryFile

MOST, SOON = 4_000_000, 5  # bytes of output; seconds until it is said what is waited for


def run(command, seconds, waiting="", env=None):
    """Run a command in a process group of its own; return (exit code, output, errors).

    waiting: what it is called where it is waited for. However the waiting ends, by Ctrl-C too, the
    group ends with it. Raises TimeoutExpired, and OSError where the output has no end.
    """
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, stop)
    with TemporaryFile() as output, TemporaryFile() as errors:
        files = {"stdin": DEVNULL, "stdout": output, "stderr": errors}
        with Popen(command, process_group=0, env=env, **files) as process:
            begin = time.monotonic()
            try:
                while process.poll() is None:
                    if any(os.fstat(file.fileno()).st_size > MOST for file in (output, errors)):
                        raise OSError(0, f"it prints without end: {MOST // 10**6} MB so far")
                    if (passed := time.monotonic() - begin) > seconds:
                        raise TimeoutExpired(command, seconds, text_of(output))
                    if waiting and passed > SOON:
                        print(f"  waiting for {waiting}, {seconds:g} s at most", file=sys.stderr)
                        waiting = ""
                    time.sleep(0.02)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, text_of(output), text_of(errors)


def stop(number, _):
    """End this process by an exception, so that run() can end the group."""
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)


def text_of(file):
    # This leaves the place alone where others write.
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")
