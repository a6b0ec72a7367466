"""The C API is called while the GIL is released.

    python mistakes/api_without_gil.py

What then happens is luck. Python's development mode, -X dev, leaves nothing to luck.
"""

import signal

from mistakes import build, child, say, show


def call(function, *options):
    """Call a function of the module in a child; return (exit code, its output)."""
    code = f"import api_without_gil; print(api_without_gil.{function}())"
    return child(code, *options)


def ending(code, output):
    """Say how a child ended: what it said last, and its exit code."""
    lines = output.strip().splitlines()
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    said = (fatal or lines[-1:] or ["a crash without a word"])[0]
    return said, f"exit code {code}" + (f" ({signal.Signals(-code).name})" if code < 0 else "")


def main():
    say(
        "expected",
        "under -X dev, a fatal error: Python memory allocator called without holding the GIL",
    )

    build("api_without_gil")
    code, output = call("broken", "-X", "dev")
    say("seen", *ending(code, output))
    say("", "without -X dev, today: " + ", ".join(ending(*call("broken"))))
    say(
        "cause",
        "PyLong_FromLong() takes memory from an allocator that the GIL protects.",
        "Without the GIL, two threads may be given the same memory.",
    )
    say("fix", "compute in C, take the GIL back, then make the object")

    fixed_code, fixed_output = call("fixed", "-X", "dev")
    say("fixed", "under -X dev: " + ", ".join(ending(fixed_code, fixed_output)))
    aborted = code == -signal.SIGABRT and "memory allocator called without" in output
    return aborted and (fixed_code, fixed_output) == (0, "1234567890\n")


if __name__ == "__main__":
    show(__doc__, main)
