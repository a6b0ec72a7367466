"""Check the local SGD of this exercise, without a clock: weights, threads, bits.

make exercise-5 at the top, or in the chapter: make exercise WORK=exercise/solution.c
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import bounded
from exercise import check

HERE = Path(__file__).resolve().parent
LIMIT = 60  # seconds, for the reader's code: it takes about one if it is right
CC = shlex.split(os.environ.get("CC") or "cc")
OPENMP_CFLAGS = shlex.split(os.environ.get("OPENMP_CFLAGS", "-fopenmp"))
OPENMP_LIBS = shlex.split(os.environ.get("OPENMP_LIBS", "-fopenmp"))
CFLAGS = shlex.split(os.environ.get("EXERCISE_CFLAGS", "-O1"))
TYPOS = "-Werror=unknown-pragmas", "-Werror=implicit-function-declaration"
# What the reader has set for other programs is not for this one.
ENVIRONMENT = {n: v for n, v in os.environ.items() if not n.startswith(("OMP_", "GOMP_", "KMP_"))}
ENVIRONMENT |= {"LC_ALL": "C", "OMP_WAIT_POLICY": "passive"}


def run(command):
    """Run a command; return (exit code, output, errors), or None, what it printed, a complaint."""
    try:
        return bounded.run(command, LIMIT, env=ENVIRONMENT)
    except subprocess.TimeoutExpired as late:
        complaint = f"still running after {LIMIT} s; does each thread come to each barrier?"
        return None, late.output, complaint


def build(work, library, *instrumented):
    """Compile the work and harness.c; return "" or the first error."""
    options = *CFLAGS, *OPENMP_CFLAGS, "-fPIC", "-pthread", *TYPOS, "-iquote", HERE
    compiled = library.with_suffix(".o")
    code, output, errors = run([*CC, *options, *instrumented, "-c", work, "-o", compiled])
    if code == 0:
        sources = compiled, HERE / "harness.c"
        whole = [] if sys.platform == "darwin" else ["-Wl,-z,defs"]  # nothing may be missing
        command = [*CC, *options, "-shared", *whole, *sources, "-o", library, *OPENMP_LIBS, "-lm"]
        code, output, errors = run(command)
    lines = (output + errors).splitlines()
    here = re.compile(rf"{re.escape(work.name)}:\d+:\d+: (?!warning|note).*")
    found = [seen[0] for line in lines if (seen := here.search(line))]
    found += [line for line in lines if "error" in line or "undefined" in line]
    return "" if code == 0 else (found + lines + ["the compiler failed"])[0]


def claims(work):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "work.so"
        problem = build(work, library, "-fsanitize=thread") and build(work, library)
        yield f"{work.name} compiles", problem
        if problem:
            return
        code, output, errors = run([sys.executable, HERE / "probe.py", library])
        yield from re.findall(r"^(.+)\t(.*)$", output, re.MULTILINE)
        if code != 0:
            if code and code < 0:
                errors = f"it crashed ({signal.Signals(-code).name})"
            yield "train() runs to its end", (errors.splitlines() or [f"exit code {code}"])[-1]


if __name__ == "__main__":
    check(HERE, ".c", claims)
