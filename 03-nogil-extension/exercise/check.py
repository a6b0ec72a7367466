"""Check the dot(a, b) of this exercise, without a clock: answers, errors, leaks, GIL, buffers.

make exercise-3 at the top, or in the chapter: make exercise WORK=exercise/solution.c
"""

import sys
from pathlib import Path

from compiling import address_sanitizer, build
from exercise import ask, check

HERE = Path(__file__).resolve().parent
WORDS = "-include", HERE / "harness.h", "-iquote", HERE
CLAIMS = (
    "the answer is right",
    "wrong arguments raise an exception",
    "a call leaves nothing behind, right or wrong",
    "two threads meet in the loop",
    "nobody can resize an array that the loop reads",
)
HINTS = {
    "still running": "an endless loop? the GIL taken back twice?",
    "crashed": "a read outside the arrays, or a way out of dot() without the GIL?",
    "buffer-overflow": "does the loop end in time?",
}


def claims(work, folder):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    module, command = folder / "dot.so", [HERE / "probe.py", folder]
    found = [(f"{work.name} compiles", build(module, work, *WORDS))]
    if not found[0][1]:
        found += ask(work, [sys.executable, "-X", "dev", *command], CLAIMS, HINTS)
    yield from found
    if any(problem for _, problem in found):
        return
    claim, (flags, variables) = "the loop stays inside the arrays", address_sanitizer()
    if flags:
        if problem := build(module, work, *WORDS, *flags):
            yield claim, problem
            return
        yield from ask(work, [sys.executable, *command], [claim], HINTS, **variables)
    else:
        print(f"  skipped  {claim}: no AddressSanitizer here")


if __name__ == "__main__":
    check(HERE, [".c"], claims)
