"""A prange is compiled without OpenMP's flag, and nobody says so.

    python mistakes/missing_flag.py

One source, compiled twice. Its loop asks for two threads, and notes who did what.
"""

import re
import shutil
import sys

from compiling import run
from mistakes import OPENMP, load, say, show

LIBRARIES = ["otool", "-L"] if sys.platform == "darwin" else ["ldd"]


def runtime(module):
    """Return the OpenMP library that a compiled module is linked with, in words."""
    if not shutil.which(LIBRARIES[0]):
        return f"not known without {LIBRARIES[0]}"
    found = re.search(r"lib\w*omp\w*", run([*LIBRARIES, module.__file__])[1])
    return found[0] if found else "none"


def main():
    say("expected", "all iterations on thread 0, and a right answer all the same")

    serial = load("missing_flag", "-O0", module="without_flag")
    parallel = load("missing_flag", "-O0", *OPENMP, module="with_flag")

    (answer, ids), library = serial.squares(), runtime(serial)
    say("seen", f"answer {answer}, threads {ids}", f"OpenMP library: {library}")
    say(
        "cause",
        "prange becomes a pragma, which a compiler without OpenMP skips. What is left is an "
        "ordinary loop.",
    )
    say("fix", f"OpenMP's flag for the compiler and for the linker: {' '.join(OPENMP)}")

    (right, team), fixed_library = parallel.squares(), runtime(parallel)
    say("fixed", f"answer {right}, threads {team}", f"OpenMP library: {fixed_library}")
    silent = (answer, ids) == (140, [0] * 8) and not library.startswith("lib")
    shared = (right, team) == (140, [0] * 4 + [1] * 4) and fixed_library != "none"
    return silent and shared


if __name__ == "__main__":
    show(__doc__, main)
