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
CLAIMS = (  # what is said, harness.c's mode that finds out, and a hint
    ("the answer is right for any values, on any number of threads", "answers", ""),
    ("no two threads touch the same number unprotected", "races", ""),
    (
        "the threads are at work at the same time",
        "together",
        "is the loop locked, or all one thread's?",
    ),
    ("no lock for every value", "locks", "count apart, and add up at the end"),
)
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
    complaint = build(program, "-g", "-fsanitize=thread", *sources)
    code, output = run(program, "races", "1") if not complaint else (None, complaint)
    if code is None:
        return output
    if "data race" not in output:  # 1: a wrong answer, which another claim is about
        return "" if code in (0, 1) else f"it ended with {code}: {output.strip().partition(NL)[0]}"
    where = re.search(rf"{re.escape(name)}:(\d+)", output)
    return f"{name}, line {where[1]}: {RACY}" if where else RACY


def claims(work):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    sources = "-include", HERE / "harness.c", "-iquote", HERE, work
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = folder / "check"
        complaint = build(program, *sources)
        yield f"{work.name} compiles", complaint
        if complaint:
            return
        for claim, mode, hint in CLAIMS:
            if mode != "races":
                found = problem(program, mode, hint)
            elif sanitizer_works(folder):
                found = race(folder, sources, work.name)
            else:
                print("  skipped  data races: ThreadSanitizer does not work here")
                continue
            yield claim, found
            if found.startswith(HANGS):
                return
        tell_speed(folder, work)


def tell_speed(folder, work):
    """Print how fast it is, beside the solution: for information, since it is the machine's."""
    print()
    seconds = []
    for name, source in ("yours", work), ("solution.c", HERE / "solution.c"):
        program = folder / "timing"
        complaint = build(program, "-include", HERE / "timing.c", "-iquote", HERE, source)
        code, output = run(program) if not complaint else (None, complaint)
        if code != 0:
            return
        one, two = map(float, output.splitlines()[-1].split())
        print(f"  {name:<10}  1 thread: {one:.5f} s, 2 threads: {two:.5f} s")
        seconds.append(two)
    if seconds[0] > 3 * seconds[1]:
        print(f"  Yours takes {seconds[0] / seconds[1]:.0f} times as long as solution.c.")
        print("  What do all its threads change for every value?")


if __name__ == "__main__":
    check(HERE, ".c", claims)
