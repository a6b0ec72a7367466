"""Check the dot(a, b) of this exercise, without a clock: answers, errors, leaks, GIL, buffers.

make exercise-3 at the top, or in the chapter: make exercise WORK=exercise/solution.c
"""

import sys
from pathlib import Path

from compiling import CFLAGS, MODULE, address_sanitizer, build, folder_in
from exercise import check
from harness import ask, tell_speed

HERE = Path(__file__).resolve().parent
PROBE = HERE / "probe.py"
HARNESS = "-include", HERE / "harness.h"
HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
CLAIMS = (  # what is said, and probe.py's question that finds out
    ("Python is called only with the GIL", "calls"),
    ("the answer is right", "answers"),
    ("wrong arguments raise, and the message names the argument", "errors"),
    ("a call leaves nothing behind, right or wrong", "leaks"),
    ("two threads meet in the loop", "meeting"),
    ("nobody can resize an array that the loop reads", "resizing"),
)
HINTS = {
    "still running": "an endless loop? the GIL taken back twice?",
    "crashed": "has every way out of dot() the GIL back?",
    "buffer-overflow": "does the loop end in time?",
}


def claims(work):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    with folder_in(HERE.parent) as folder:
        module = Path(folder, "dot.so")
        problem = build(module, work, *CFLAGS, *MODULE, *HARNESS)
        yield f"{work.name} compiles", problem
        right = not problem
        for claim, question in CLAIMS if right else ():
            if question == "meeting" and not HAS_GIL:
                print(f"  skipped  {claim}: this Python has no GIL that could be held")
                continue
            command = [sys.executable, "-X", "dev", PROBE, question, module]
            for pair in ask(work, command, [claim], HINTS):
                yield pair
                right = right and not pair[1]
            if not right and (question == "calls" or pair[1].startswith("PRODUCT")):
                return  # all that follows would be the same mistake
        if right:
            yield from last_claim(work, folder)


def last_claim(work, folder):
    """Yield what AddressSanitizer says; if that is nothing, tell how fast the work is."""
    claim, problem = "the loop stays inside the arrays", ""
    flags, variables = address_sanitizer()
    if flags:
        module = Path(folder, "watched.so")
        build(module, work, *CFLAGS, *MODULE, *HARNESS, *flags)
        command = [sys.executable, PROBE, "calls", module]
        ((_, problem),) = ask(work, command, [claim], HINTS, **variables)
        yield claim, problem
    else:
        print(f"  skipped  {claim}: no AddressSanitizer here")
    if not problem:
        compare_speed(work, folder)


def compare_speed(work, folder):
    """Print how fast the work is beside the starter."""
    modules = {name: Path(folder, f"{name}.so") for name in ("starter.c", "yours")}
    build(modules["starter.c"], HERE / "starter.c", *CFLAGS, *MODULE)
    build(modules["yours"], work, *CFLAGS, *MODULE)
    print("\n  the same calls, on one thread and shared by two:")
    tell_speed({name: [sys.executable, PROBE, "timing", modules[name]] for name in modules})


if __name__ == "__main__":
    check(HERE, [".c"], claims)
