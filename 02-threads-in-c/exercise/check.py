"""Check the histogram of this exercise, without a clock: answers, races, threads at work, locks.

make exercise-2 at the top, or in the chapter: make exercise WORK=exercise/solution.c
"""

from pathlib import Path

from compiling import build, run
from exercise import ask, check

HERE = Path(__file__).resolve().parent
WORDS = "-pthread", "-include", HERE / "harness.c", "-iquote", HERE
CLAIMS = (
    "the answer is right for any values, on any number of threads",
    "the threads are at work at the same time",
    "the threads do not change shared memory for every value",
)
RACES = "no two threads touch the same number unprotected"
HINTS = {
    "still running": "do threads wait for each other?",
    "data race": "two threads changed the same number at the same time; who else writes to it?",
    "CHECK": "ThreadSanitizer cannot go on; is a thread joined twice?",
}


def claims(work, folder):
    """Yield (claim, problem) pairs about the reader's file; see tools/exercise.py."""
    program, watched = folder / "check", folder / "watched"
    problem = build(program, work, *WORDS)
    yield f"{work.name} compiles", problem
    if problem:
        return
    yield from ask(work, [program], CLAIMS, HINTS)
    if not build(watched, work, *WORDS, "-g", "-fsanitize=thread") and run([watched])[0] == 2:
        yield from ask(work, [watched, "races"], [RACES], HINTS, TSAN_OPTIONS="halt_on_error=1")
    else:
        print("  skipped  data races: ThreadSanitizer does not work here")


if __name__ == "__main__":
    check(HERE, [".c"], claims)
