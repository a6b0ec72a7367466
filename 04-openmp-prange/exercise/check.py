"""Check the blur of this exercise, in C and in Cython, without a clock: pixels, threads, order.

make exercise-4 at the top, or in the chapter: make exercise WORK=exercise/solution.pyx
"""

import sys
from pathlib import Path

from compiling import CC, OPENMP, build, run
from exercise import ask, check, ending

HERE = Path(__file__).resolve().parent
WORDS = "-O0", *OPENMP, "-include", HERE / "harness.h", "-iquote", HERE
CLAIMS = (
    "every pixel is right on one thread",
    "every pixel is right on several threads",
    "all threads are at work at the same time, each on a part",
    "each thread goes along the rows",
)
HINTS = {"still running": "do threads wait for each other?", "symbol": "where is blur()?"}
RACES = "ThreadSanitizer sees no data race"
TSAN = "ignore_noninstrumented_modules=1:halt_on_error=1:history_size=7"


def seen_race(clang, work, folder):
    """Run work's own main() with ThreadSanitizer; return "" or its complaint."""
    program, words = folder / "tsan", ("-fopenmp", "-fsanitize=thread", "-iquote", HERE)
    if problem := build(program, work, "-g", "-O1", *words, cc=clang):
        return problem
    tries = (run([program], 60, "ThreadSanitizer", TSAN_OPTIONS=TSAN) for _ in range(5))
    ends = (ending(work, code, errors) for code, _, errors in tries if code not in (0, 1))
    return next(ends, "").replace("data race", "data race: which other thread uses this memory?")


def claims(work, folder):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    found = [(f"{work.name} compiles", build(folder / "blur.so", work, *WORDS))]
    if "no OpenMP here" in found[0][1]:
        raise OSError(0, "no OpenMP here; type make doctor", CC[0])
    if not found[0][1]:
        found += ask(work, [sys.executable, HERE / "probe.py", folder], CLAIMS, HINTS)
    yield from found
    # Cython's code for prange has a harmless race; and so has gcc's OpenMP for ThreadSanitizer.
    if work.suffix == ".c" and not any(problem for _, problem in found):
        clang = CC if "clang" in run([*CC, "--version"])[1] else ["clang"]
        works = HERE / "solution.c", HERE / "starter.c", work
        right, wrong, seen = (seen_race(clang, work, folder) for work in works)
        if not right and "data race" in wrong:
            yield RACES, seen
        else:
            print(f"  skipped  {RACES}: it needs clang and libomp")


if __name__ == "__main__":
    check(HERE, [".c", ".pyx"], claims)
