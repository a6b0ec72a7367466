"""Check the dot(a, b) of this exercise, without a clock: answers, errors, leaks, GIL, buffers.

make exercise-3 at the top, or in the chapter: make exercise WORK=exercise/solution.c
"""

import sys
from pathlib import Path

from compiling import address_sanitizer, build
from exercise import ask, check

HERE = Path(__file__).resolve().parent
PROBE = HERE / "probe.py"
HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
HARNESS = "-include", HERE / "harness.h", f"-DHAS_GIL={HAS_GIL:d}"
CLAIMS = (  # what is said, and probe.py's question that finds out
    ("Python is called only with the GIL", "calls"),
    ("the answer is right", "answers"),
    ("wrong arguments raise, and the message names the argument", "errors"),
    ("a call leaves nothing behind, right or wrong", "leaks"),
    ("two threads meet in the loop", "meeting"),
    ("nobody can resize an array that the loop reads", "resizing"),
)
HINTS = {
    "still running": "an endless loop? the GIL taken back twice?",
    "crashed": "has every way out of dot() the GIL back?",
    "buffer-overflow": "does the loop end in time?",
}


def claims(work, folder):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    module, watched = folder / "dot.so", folder / "watched.so"
    found = build(module, work, *HARNESS)
    yield f"{work.name} compiles", found
    for claim, question in () if found else CLAIMS:
        if question == "meeting" and not HAS_GIL:
            print(f"  skipped  {claim}: this Python has no GIL that could be held")
            continue
        command = [sys.executable, "-X", "dev", PROBE, question, module]
        ((_, problem),) = ask(work, command, [claim], HINTS)
        yield claim, problem
        found = found or problem
        if problem and (question == "calls" or problem.startswith("PRODUCT")):
            return  # all that follows would be the same mistake
    claim, (flags, variables) = "the loop stays inside the arrays", address_sanitizer()
    if flags and not found:
        build(watched, work, *HARNESS, *flags)
        yield from ask(work, [sys.executable, PROBE, "calls", watched], [claim], HINTS, **variables)
    elif not found:
        print(f"  skipped  {claim}: no AddressSanitizer here")


if __name__ == "__main__":
    check(HERE, [".c"], claims)
