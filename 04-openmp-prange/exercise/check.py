"""Check the blur of this exercise, in C and in Cython, without a clock: pixels, threads, order.

make exercise-4 at the top, or in the chapter: make exercise WORK=exercise/solution.pyx
"""

import sys
from pathlib import Path

from compiling import CC, OPENMP, build, run
from exercise import ask, check, ending

HERE = Path(__file__).resolve().parent
PROBE = sys.executable, HERE / "probe.py"
CLAIMS = (
    "every pixel is right on one thread",
    "every pixel is right on several threads",
    "all threads are at work at the same time, each on a part",
    "each thread goes along the rows",
)
HINTS = {"still running": "do threads wait for each other?"}


def seen_race(clang, work, folder):
    """Run work's own main() with ThreadSanitizer; return "" or its complaint."""
    program, words = folder / "tsan", ("-g", "-O1", "-fopenmp", "-fsanitize=thread")
    if problem := build(program, work, *words, "-iquote", HERE, cc=clang):
        return problem
    options = {"TSAN_OPTIONS": "ignore_noninstrumented_modules=1:halt_on_error=1"}
    code, _, errors = run([program], 60, "ThreadSanitizer", **options)
    hint = "data race: which other thread uses this memory?"
    return "" if code in (0, 1) else ending(work, code, errors).replace("data race", hint)


def races(work, folder):
    """Yield what ThreadSanitizer says, where it can tell the solution from the starter."""
    claim = "ThreadSanitizer sees no data race"
    if work.suffix == ".pyx":  # what Cython makes of i in prange has one, and nobody minds
        return
    for clang in CC, ["clang"]:
        # gcc's OpenMP makes it complain about right programs.
        if "clang" in run([*clang, "--version"])[1]:
            right = seen_race(clang, HERE / "solution.c", folder)
            if not right and seen_race(clang, HERE / "starter.c", folder).startswith("line"):
                yield claim, seen_race(clang, work, folder)
                return
    print(f"  skipped  {claim}: it needs clang and libomp")


def claims(work, folder):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    library = folder / "blur.so"
    words = "-O0", *OPENMP, "-include", HERE / "harness.h", "-iquote", HERE
    found = build(library, work, *words)
    yield f"{work.name} compiles", found
    for claim, problem in () if found else ask(work, [*PROBE, library], CLAIMS, HINTS):
        yield claim, problem
        found = found or problem
    if not found:
        yield from races(work, folder)


if __name__ == "__main__":
    check(HERE, [".c", ".pyx"], claims)
