"""Check the dot(a, b) of this exercise, without a clock: answers, errors, leaks, GIL, buffers.

make exercise-3 at the top, or in the chapter: make exercise WORK=exercise/solution.c
"""

import os
import re
import signal
import sys
import tempfile
from pathlib import Path

from compiling import CC, HANGS, build, run
from exercise import check

HERE = Path(__file__).resolve().parent
LIMIT = 60  # seconds, for the reader's code: it takes less than one if it is right
HARNESS = "-include", HERE / "harness.h"
HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
CLAIMS = (
    ("Python is called only with the GIL", "calls"),
    ("the answer is right", "answers"),
    ("wrong arguments raise, and the message names the argument", "errors"),
    ("a call leaves nothing behind, right or wrong", "leaks"),
    ("two threads meet in the loop", "meeting"),
    ("nobody can resize an array that the loop reads", "resizing"),
)


def ask(question, module, *options, **environment):
    """Put one of probe.py's questions to a module; return what run() returns."""
    command = [sys.executable, *options, HERE / "probe.py", question, module]
    return run(command, LIMIT, **environment)


def problem(code, output, errors):
    """Say in one line what went wrong in a run; "" if nothing did."""
    if code == 0:
        return ""
    fatal = re.search(r"Fatal Python error: .*", errors)
    if fatal or (code or 0) < 0:
        crash = fatal[0] if fatal else signal.Signals(-code).name
        return f"it crashed: {crash}; has every way out of dot() the GIL back?"
    lines = (output.strip() or errors.strip() or f"exit {code}").splitlines()
    return lines[-1]


def preloaded(library):
    """Return the environment in which Python runs code that AddressSanitizer watches."""
    return {
        "LD_PRELOAD": library,
        "LD_LIBRARY_PATH": str(Path(library).parent),  # clang asks for it by its name alone
        "PYTHONMALLOC": "malloc",
        "ASAN_OPTIONS": "detect_leaks=0",
    }


def sanitizer():
    """Return the file of AddressSanitizer's run-time library if Python runs with it, else ""."""
    # clang's own first: it knows where gcc's is, too.
    for name in f"libclang_rt.asan-{os.uname().machine}.so", "libclang_rt.asan.so", "libasan.so":
        library = run([*CC, f"-print-file-name={name}"])[1].strip()
        if Path(library).is_absolute():
            works = run([sys.executable, "-c", ""], **preloaded(library))[0] == 0
            return library if works else ""
    return ""


def strays(work, module, library):
    """Return "" or where AddressSanitizer sees the work read or write what is not its own."""
    options = ["-g", "-fsanitize=address", *["-shared-libsan"] * ("clang" in library)]
    complaint = build(module, *options, *HARNESS, work)
    result = (1, complaint, "") if complaint else ask("calls", module, **preloaded(library))
    if seen := re.search(r"AddressSanitizer: ([\w-]+)", result[2]):
        where = re.search(rf"{re.escape(work.name)}:(\d+)", result[2])
        return f"{f'line {where[1]}: ' if where else ''}{seen[1]}; does the loop end in time?"
    return problem(*result)


def tell_speed(work, folder):
    """Print how fast it is: for information, since it depends on the machine."""
    print("\n  the same calls, on one thread and shared by two:")
    for name, source in ("starter.c", HERE / "starter.c"), ("yours", work):
        module = folder / f"{name}.so"
        output = build(module, source) or ask("timing", module)[1]
        if seconds := re.search(r"^seconds (\S+) (\S+)$", output, re.MULTILINE):
            one, two = map(float, seconds.groups())
            print(f"  {name:<10}  1 thread: {one:.5f} s, 2 threads: {two:.5f} s")


def last_claim(work, folder):
    """Yield what AddressSanitizer says; if that is nothing, tell how fast the work is."""
    claim, found = "the loop stays inside the arrays", ""
    if library := sanitizer():
        found = strays(work, folder / "asan.so", library)
        yield claim, found
    else:
        print(f"  skipped  {claim}: no AddressSanitizer here")
    if not found:
        tell_speed(work, folder)


def claims(work):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        module = folder / "dot.so"
        found = build(module, *HARNESS, work)
        yield f"{work.name} compiles", found
        if found:
            return
        problems = []
        for claim, question in CLAIMS:
            if question == "meeting" and not HAS_GIL:
                print(f"  skipped  {claim}: this Python has no GIL that could be held")
                continue
            found = problem(*ask(question, module, "-X", "dev"))
            yield claim, found
            if found and (question == "calls" or found.startswith((HANGS, "PRODUCT"))):
                return
            problems.append(found)
        if not any(problems):
            yield from last_claim(work, folder)


if __name__ == "__main__":
    check(HERE, ".c", claims)
