"""Check the blur of this exercise, in C and in Cython, without a clock: pixels, threads, order.

make exercise-4 at the top, or in the chapter: make exercise WORK=exercise/solution.pyx
"""

import sys
from pathlib import Path

from compiling import CC, CFLAGS, MODULE, OPENMP, build, run, translate
from exercise import check
from harness import ask, ending, tell_speed

HERE = Path(__file__).resolve().parent
PROBE = sys.executable, HERE / "probe.py"
CLAIMS = (
    "every pixel is right on one thread",
    "every pixel is right on several threads",
    "all threads are at work at the same time, each on a part",
    "each thread goes along the rows",
)
HINTS = {"still running": "do threads wait for each other?"}


def compile_blur(library, work, *words):
    """Compile a work, in C or Cython, into library; return "" or the first error."""
    source = work
    if work.suffix == ".pyx":
        source = library.with_name(f"{work.stem}.c")
        if not source.exists():
            done, said = translate(source, work, "--module-name", "blur")
            if not done:
                return said[0]
    return build(library, source, *CFLAGS, *OPENMP, *MODULE, "-iquote", HERE, *words)


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
    found = compile_blur(library, work, "-O0", "-include", HERE / "harness.h")
    yield f"{work.name} compiles", found
    for claim, problem in () if found else ask(work, [*PROBE, "pixels", library], CLAIMS, HINTS):
        yield claim, problem
        found = found or problem
    if not found:
        yield from races(work, folder)


def compare_speed(work, folder):
    """Print how fast the work is, beside the starter and the solution in its language."""
    print("\n  2048 x 2048 pixels:")
    commands = {}
    for source in HERE / f"starter{work.suffix}", HERE / f"solution{work.suffix}", work:
        name = "yours" if source is work else source.name
        library = folder / f"timing-{name}.so"
        compile_blur(library, source)
        commands[name] = [*PROBE, "timing", library]
    tell_speed(commands)


if __name__ == "__main__":
    check(HERE, [".c", ".pyx"], claims, compare_speed)
