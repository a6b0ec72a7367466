"""Check the histogram of this exercise, without a clock: answers, races, threads at work, locks.

make exercise-2 at the top, or in the chapter: make exercise WORK=exercise/solution.c
"""

from pathlib import Path

from compiling import CFLAGS, build, folder_in, thread_sanitizer
from exercise import check
from harness import ask, tell_speed

HERE = Path(__file__).resolve().parent
WORDS = *CFLAGS, "-pthread", "-include", HERE / "harness.c", "-iquote", HERE
CLAIMS = (  # what is said, and harness.c's mode that finds out
    ("the answer is right for any values, on any number of threads", "answers"),
    ("no two threads touch the same number unprotected", "races"),
    ("the threads are at work at the same time", "together"),
    ("no lock for every value", "locks"),
)
HINTS = {
    "still running": "do threads wait for each other?",
    "data race": "two threads changed the same number at the same time; who else writes to it?",
    "CHECK": "ThreadSanitizer cannot go on; is a thread joined twice?",
}


def claims(work):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    with folder_in(HERE.parent) as folder:
        program, watched = Path(folder, "check"), Path(folder, "watched")
        complaint = build(program, work, *WORDS)
        yield f"{work.name} compiles", complaint
        if complaint:
            return
        right = True
        for claim, mode in CLAIMS:
            command, options = [program, mode], {}
            if mode == "races" and thread_sanitizer(folder):
                build(watched, work, *WORDS, "-g", "-fsanitize=thread")
                command, options = [watched, mode], {"TSAN_OPTIONS": "halt_on_error=1"}
            elif mode == "races":
                print("  skipped  data races: ThreadSanitizer does not work here")
                continue
            for claimed, problem in ask(work, command, [claim], HINTS, **options):
                yield claimed, problem
                right = right and not problem
        if right:
            compare_speed(work, folder)


def compare_speed(work, folder):
    """Print how fast the work is beside the solution, and ask why where it is far slower."""
    programs = {"yours": work, "solution.c": HERE / "solution.c"}
    for name, source in programs.items():
        build(Path(folder, name), source, *WORDS, "-DTIMING")
    print()
    found = tell_speed({name: [Path(folder, name), "timing"] for name in programs})
    ratio = found["yours"][1] / found["solution.c"][1]
    if 3 < ratio < float("inf"):
        print(f"  Yours takes {ratio:.0f} times as long as solution.c.")
        print("  What do all its threads change for every value?")


if __name__ == "__main__":
    check(HERE, [".c"], claims)
