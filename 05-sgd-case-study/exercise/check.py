"""Check the local SGD of this exercise, without a clock: weights, threads, bits.

make exercise-5 at the top, or in the chapter: make exercise WORK=exercise/solution.c
"""

import os
import shlex
import sys
from pathlib import Path

from compiling import OPENMP, SHARED, build, folder_in
from exercise import check
from harness import ask

HERE = Path(__file__).resolve().parent
CFLAGS = shlex.split(os.environ.get("EXERCISE_CFLAGS", "-O1"))
TYPOS = "-Werror=unknown-pragmas", "-Werror=implicit-function-declaration"
WORDS = *CFLAGS, *OPENMP, *SHARED, *TYPOS, "-iquote", HERE
CLAIMS = (
    "right on one thread",
    "threads train together, each on its own weights",
    "right on two threads",
    "right on four threads",
    "the same bits in two runs",
)
HINTS = {"still running": "does each thread come to each barrier?"}


def claims(work):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    with folder_in(HERE.parent) as folder:
        compiled, library = Path(folder, "work.o"), Path(folder, "work.so")
        # The compiler's calls for ThreadSanitizer go to harness.c, where it has them.
        problem = build(compiled, work, *WORDS, "-c", "-fsanitize=thread") and build(
            compiled, work, *WORDS, "-c"
        )
        whole = [] if sys.platform == "darwin" else ["-Wl,-z,defs"]  # nothing may be missing
        problem = problem or build(library, compiled, *WORDS, *whole, HERE / "harness.c", "-lm")
        yield f"{work.name} compiles", problem
        if not problem:
            command = [sys.executable, HERE / "probe.py", library]
            yield from ask(work, command, CLAIMS, HINTS)


if __name__ == "__main__":
    check(HERE, [".c"], claims)
