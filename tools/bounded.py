"""Run a command with all that it starts, for a bounded time and with bounded output."""

import os
import select
import signal
import sys
import time
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired

MOST, SOON = 4_000_000, 5  # bytes of output; seconds until it is said what is waited for


def run(command, seconds, waiting="", env=None):
    """Run a command in a process group of its own; return (exit code, output, errors).

    waiting: what it is called where it is waited for. Whatever ends the waiting, Ctrl-C too, or
    OSError where output has no end, ends the whole group. TimeoutExpired has the output in bytes.
    """
    end_on_signals()
    pipes = {"stdin": DEVNULL, "stdout": PIPE, "stderr": PIPE}
    with Popen(command, process_group=0, env=env, **pipes) as process:
        texts, begin = {process.stdout: b"", process.stderr: b""}, time.monotonic()
        try:
            while read(texts):
                if (passed := time.monotonic() - begin) > seconds:
                    raise TimeoutExpired(command, seconds, texts[process.stdout])
                if waiting and passed > SOON:
                    print(f"  waiting for {waiting}, {seconds:g} s at most", file=sys.stderr)
                    waiting = ""
            process.wait(max(0, begin + seconds - time.monotonic()))
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, *(text.decode(errors="replace") for text in texts.values())


def end_on_signals():
    """Let signals that would end this process at once raise, so that run() can end the group."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in signal.SIGTERM, signal.SIGHUP:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda number, _: sys.exit(128 + number))


def read(texts):
    """Add what comes through open pipes to texts ({pipe: bytes}); tell if one is still open."""
    for pipe in select.select([pipe for pipe in texts if not pipe.closed], [], [], 0.2)[0]:
        texts[pipe] += (piece := os.read(pipe.fileno(), 1 << 16))
        if not piece:
            pipe.close()
    if sum(map(len, texts.values())) > MOST:
        raise OSError(0, f"it prints without end: {MOST // 10**6} MB so far")
    return not all(pipe.closed for pipe in texts)
