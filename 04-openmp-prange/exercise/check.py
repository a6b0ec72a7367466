"""Check the blur of this exercise, in C and in Cython, without a clock: pixels, threads, order.

make exercise-4 at the top, or in the chapter: make exercise WORK=exercise/solution.pyx
"""

import sys
from pathlib import Path

from compiling import CC, OPENMP, build
from exercise import ask, check

HERE = Path(__file__).resolve().parent
WORDS = "-O0", *OPENMP, "-include", HERE / "harness.h", "-iquote", HERE
CLAIMS = (
    "every pixel is right on one thread",
    "every pixel is right on several threads",
    "all threads are at work at the same time, each on a part",
    "each thread goes along the rows",
)
HINTS = {"still running": "do threads wait for each other?", "symbol": "where is blur()?"}


def claims(work, folder):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    problem = build(folder / "blur.so", work, *WORDS)
    if "no OpenMP here" in problem:
        raise OSError(0, "no OpenMP here; type make doctor", CC[0])
    yield f"{work.name} compiles", problem
    if not problem:
        yield from ask(work, [sys.executable, HERE / "probe.py", folder], CLAIMS, HINTS)


if __name__ == "__main__":
    check(HERE, [".c", ".pyx"], claims)
