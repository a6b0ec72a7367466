"""Check the blur of this exercise, in C and in Cython, without a clock: pixels, threads, order.

make exercise-4 at the top, or in the chapter: make exercise WORK=exercise/solution.pyx
"""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import bounded
from exercise import check

HERE = Path(__file__).resolve().parent
LIMIT = 60  # seconds, for the reader's code: it takes less than one if it is right
MOST = 300  # for the compiler: on a very busy machine it takes minutes
CC = shlex.split(os.environ.get("CC") or "cc")
CFLAGS = shlex.split(os.environ.get("CFLAGS", "-O3"))
OPENMP_CFLAGS = shlex.split(os.environ.get("OPENMP_CFLAGS", "-fopenmp"))
OPENMP_LIBS = shlex.split(os.environ.get("OPENMP_LIBS", "-fopenmp"))
SHARED = ["-shared", "-fPIC", *["-undefined", "dynamic_lookup"] * (sys.platform == "darwin")]
# What the reader has set for other programs is not for this one.
ENVIRONMENT = {n: v for n, v in os.environ.items() if not n.startswith(("OMP_", "GOMP_", "KMP_"))}
ENVIRONMENT |= {"LC_ALL": "C", "TSAN_OPTIONS": "ignore_noninstrumented_modules=1:halt_on_error=1"}


def run(command, limit=None):
    """Run a command; return (exit code, output, errors), or None, what it printed, a complaint."""
    limit = limit or LIMIT
    try:
        return bounded.run(command, limit, env=ENVIRONMENT)
    except subprocess.TimeoutExpired as late:
        return None, late.output, f"still running after {limit} s; do threads wait for each other?"


def compile_(work, *command):
    """Run a compiler; return "" or the first error, if possible one in the file work."""
    code, output, errors = run(command, MOST)
    lines = [line for line in (output + errors).splitlines() if not line.startswith("warning")]
    here = re.compile(rf"{re.escape(work.name)}:\d+:\d+: (?!warning|note).*")
    found = [seen[0] for line in lines if (seen := here.search(line))]
    found += [line for line in lines if "error" in line]
    return "" if code == 0 else (found + lines + ["the compiler failed"])[0]


def build(library, work, *options):
    """Compile work, in C or Cython, into library; return "" or the first error."""
    source = work
    if work.suffix == ".pyx":
        source = library.with_name("blur.c")
        cython = sys.executable, "-m", "cython", "--module-name", "blur", work, "-o", source
        if not source.exists() and (found := compile_(work, *cython)):
            return found
    include = "-iquote", HERE, "-I", sysconfig.get_path("include")
    flags = *CFLAGS, *OPENMP_CFLAGS, *SHARED, *include
    return compile_(work, *CC, *flags, *options, source, "-o", library, *OPENMP_LIBS)


def probe(question, library):
    """Yield what probe.py finds out, as (claim, problem) pairs."""
    code, output, errors = run([sys.executable, HERE / "probe.py", question, library])
    found = re.findall(r"^(.+)\t(.*)$", output, re.MULTILINE)
    yield from found
    if code and code < 0:
        errors = f"it crashed ({signal.Signals(-code).name})"
    if code != 0 or not found:
        yield "blur() runs to its end", (errors.splitlines() or [f"it ended with exit({code})"])[-1]


def seen_race(clang, work, folder):
    """Run work's own main() with ThreadSanitizer; return "" or its complaint."""
    program, options = folder / "tsan", ("-g", "-O1", "-fopenmp", "-fsanitize=thread")
    if found := compile_(work, *clang, *options, "-iquote", HERE, work, "-o", program):
        return found
    code, _, errors = run([program])
    if "data race" in errors:
        where = re.search(rf"{re.escape(work.name)}:(\d+)", errors)
        return f"{f'line {where[1]}: ' if where else ''}which other thread uses this memory?"
    return "" if code in (0, 1) else errors.strip().partition("\n")[0] or f"exit code {code}"


def races(work, folder):
    """Yield what ThreadSanitizer says, where it can tell the solution from the starter."""
    claim = "ThreadSanitizer sees no data race"
    if work.suffix == ".pyx":  # what Cython makes of i in prange has one, and nobody minds
        return
    for clang in CC, ["clang"]:
        with contextlib.suppress(OSError):
            if "clang" not in run([*clang, "--version"])[1]:
                continue  # gcc's OpenMP makes it complain about right programs
            right = seen_race(clang, HERE / "solution.c", folder)
            racy = seen_race(clang, HERE / "starter.c", folder)
            if not right and racy.startswith("line"):
                yield claim, seen_race(clang, work, folder)
                return
    print(f"  skipped  {claim}: it needs clang and libomp")


def tell_speed(work, library):
    """Print how fast it is: for information, since it depends on the machine."""
    print("\n  2048 x 2048 pixels, the best of seven:")
    for source in HERE / "starter.c", HERE / "solution.c", work:
        name = "yours" if source is work else source.name
        found = {} if build(library, source) else dict(probe("timing", library))
        if "seconds" in found:
            one, two = found["seconds"].split()
            print(f"  {name:<10}  1 thread: {one} s, 2 threads: {two} s")


def claims(work):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = build(folder / "blur.so", work, "-O0", "-include", HERE / "harness.h")
        yield f"{work.name} compiles", found
        if found:
            return
        right = True
        for claim, found in probe("pixels", folder / "blur.so"):
            yield claim, found
            right = right and not found
        for claim, found in races(work, folder) if right else ():
            yield claim, found
            right = not found
        if right:
            tell_speed(work, folder / "timing.so")


if __name__ == "__main__":
    check(HERE, (".c", ".pyx"), claims)
