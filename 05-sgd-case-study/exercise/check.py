"""Check the local SGD of this exercise, without a clock: weights, threads, bits.

make exercise-5 at the top, or in the chapter: make exercise WORK=exercise/solution.c
"""

import sys
from pathlib import Path

from compiling import OPENMP, build
from exercise import ask, check

HERE = Path(__file__).resolve().parent
TYPOS = "-Werror=unknown-pragmas", "-Werror=implicit-function-declaration"
WORDS = "-O1", "-fPIC", *OPENMP, *TYPOS, "-iquote", HERE
CLAIMS = (
    "right on one thread",
    "threads train together, each on its own weights",
    "right on two threads",
    "right on four threads",
    "the same bits in two runs",
)
HINTS = {"still running": "does each thread come to each barrier?"}


def claims(work, folder):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    compiled, library = folder / "work.o", folder / "work.so"
    # The compiler's calls for ThreadSanitizer go to harness.c, where it has them.
    problem = build(compiled, work, *WORDS, "-c", "-fsanitize=thread")
    problem = problem or build(library, compiled, *WORDS, HERE / "harness.c", "-lm")
    yield f"{work.name} compiles", problem
    if not problem:
        command = [sys.executable, HERE / "probe.py", library]
        yield from ask(work, command, CLAIMS, HINTS)


if __name__ == "__main__":
    check(HERE, [".c"], claims)
