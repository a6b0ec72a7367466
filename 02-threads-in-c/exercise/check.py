"""Check the histogram of this exercise, without a clock: answers, races, threads at work, locks.

make exercise-2 at the top, or in the chapter: make exercise WORK=exercise/solution.c
"""

import os
import random
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

import bounded
from exercise import check

HERE = Path(__file__).resolve().parent
TIMEOUT = 60  # seconds, for what takes less than one: only what hangs is ended
NL = "\n"
HANGS = "still running"
RACY = "two threads changed the same number at the same time; who else writes to it?"


def run(*command):
    """Run a command; return (exit code, its output), or (None, what happened) if it hangs."""
    try:
        code, output, errors = bounded.run(command, TIMEOUT)
    except subprocess.TimeoutExpired:
        return None, f"{HANGS} after {TIMEOUT} s; do threads wait for each other?"
    return code, output + errors


def build(program, *sources):
    """Compile sources (file names and options) into program; return the first error, or ""."""
    flags = shlex.split(os.environ.get("CFLAGS", "-O2"))
    compiler = shlex.split(os.environ.get("CC") or "cc")
    code, output = run(*compiler, *flags, "-pthread", *sources, "-o", program)
    errors = [line for line in output.splitlines() if "error" in line]
    return "" if code == 0 else errors[0] if errors else output.strip() or "the compiler failed"


def problem(program, mode, hint=""):
    """Run one of harness.c's checks; return "" or one line about what went wrong."""
    code, output = run(program, mode, str(random.getrandbits(32)))
    if code == 0:
        return ""
    if code is not None and code < 0:
        return f"it crashed (signal {-code})"
    return output.strip() + (hint and f": {hint}")


def sanitizer_works(folder):
    """Tell whether a trivial program runs under ThreadSanitizer here."""
    (folder / "try.c").write_text("int main(void) { return 0; }\n")
    return not build(folder / "try", "-fsanitize=thread", folder / "try.c") and not any(
        run(folder / "try")
    )


def race(folder, sources, name):
    """Return "" or where ThreadSanitizer sees a data race in the file called name."""
    program = folder / "tsan"
    complaint = build(program, "-g", "-fsanitize=thread", "-DCHECK", *sources)
    code, output = run(program, "races", "1") if not complaint else (None, complaint)
    if code is None:
        return output
    if "data race" not in output:  # 1: a wrong answer, which another claim is about
        return "" if code in (0, 1) else f"it ended with {code}: {output.strip().partition(NL)[0]}"
    where = re.search(rf"{re.escape(name)}:(\d+)", output)
    return f"{name}, line {where[1]}: {RACY}" if where else RACY


def claims(work):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    sources = "-include", HERE / "harness.c", work
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program, plain = folder / "check", folder / "plain"
        complaint = build(program, "-DCHECK", *sources) or build(plain, *sources)
        yield f"{work.name} compiles", complaint
        if complaint:
            return
        checks = [
            (
                "the answer is right for any values, on any number of threads",
                lambda: problem(program, "answers"),
            ),
            (
                "no two threads touch the same number unprotected",
                lambda: race(folder, sources, work.name),
            ),
            (
                "the threads are at work at the same time",
                lambda: problem(program, "together", "is the loop locked, or all one thread's?"),
            ),
            (
                "no lock for every value",
                lambda: problem(program, "locks", "count apart, and add up at the end"),
            ),
        ]
        if not sanitizer_works(folder):
            print("  skipped  data races: ThreadSanitizer does not work here")
            del checks[1]
        for claim, find_problem in checks:
            found = find_problem()
            yield claim, found
            if found.startswith(HANGS):
                return
        tell_speed(plain, folder)


def tell_speed(program, folder):
    """Print how fast it is: for information, since it depends on the machine."""
    other = folder / "solution"
    build(other, "-include", HERE / "harness.c", HERE / "solution.c")
    print()
    for name, timed in ("yours", program), ("solution.c", other):
        code, output = run(timed, "time", "2")
        if code == 0:
            one, two = map(float, output.splitlines()[-1].split())
            print(f"  {name:<10}  1 thread: {one:.5f} s, 2 threads: {two:.5f} s")


if __name__ == "__main__":
    check(HERE, ".c", claims)
