"""Check the local SGD of this exercise, without a clock: weights, threads, bits.

make exercise-5 at the top, or in the chapter: make exercise WORK=exercise/solution.c
"""

import sys
from pathlib import Path

from compiling import OPENMP, build
from exercise import ask, check

HERE = Path(__file__).resolve().parent
WORDS = *OPENMP, "-Werror=unknown-pragmas", "-Werror=implicit-function-declaration", "-I", HERE
CLAIMS = (
    "right on one thread",
    "right on two threads, which train at the same time",
    "right on three and on four threads",
    "the same bits in two runs",
)
HINTS = {"still running": "does each thread come to each barrier?"}


def claims(work, folder):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    yield f"{work.name} compiles", (problem := build(folder / "work.so", work, *WORDS))
    if not problem:
        yield from ask(work, [sys.executable, HERE / "probe.py", folder / "work.so"], CLAIMS, HINTS)


if __name__ == "__main__":
    check(HERE, [".c"], claims)
