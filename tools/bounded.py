"""Run a command for a bounded time, together with all the processes that it starts."""

import contextlib
import os
import signal
import subprocess


def run(command, seconds, **options):
    """Run a command (a list) in a process group of its own; return (exit code, output, errors).

    options: as for subprocess.Popen, such as env. Raises OSError if it cannot be started and
    subprocess.TimeoutExpired, with the output so far, after so many seconds. Whatever ends the
    waiting early, Ctrl-C too, ends the whole group.
    """
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
        **options,
    )
    try:
        output, errors = process.communicate(timeout=seconds)
    except BaseException as ending:
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(ending, subprocess.TimeoutExpired):  # in bytes, whatever text says
            ending.output = (ending.output or b"").decode(errors="replace")
        raise
    return process.returncode, output, errors
