"""A benchmark has no loop left: the compiler deleted it.

    python mistakes/deleted_loop.py

What decides is no small difference in time, but steps that are faster than any core can be.
"""

import time

from mistakes import load, say, show

STEPS = 10**15
LESS = 10**6  # steps, of the loops that are still there
FASTEST = 1e-11  # seconds for a step, and no core comes near it
KEPT = "with_barrier", "with_answer"


def seconds(function, n):
    """Return the shortest of three times of function(n)."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        function(n)
        times.append(time.perf_counter() - start)
    return min(times)


def most_steps(function):
    """Return how many steps, up to STEPS, are done in a tenth of a second, and their time."""
    for power in range(3, 16):
        spent = seconds(function, 10**power)
        if spent > 0.1:
            break
    return 10**power, spent


def generator(n):
    """Return what with_answer(n) should return."""
    x = 1
    for _ in range(n):
        x ^= x << 13 & 2**64 - 1
        x ^= x >> 7
        x ^= x << 17 & 2**64 - 1
    return x


def main():
    say("expected", f"{STEPS:,} steps in about a microsecond")

    module = load("deleted_loop")
    n, spent = most_steps(module.broken)
    say("seen", f"{n:,} steps in {spent * 1e6:.2g} microseconds")
    say(
        "cause",
        "the compiler sees that the loop can only end with steps = n, and returns n.",
        "At a step a nanosecond, the loop would have taken eleven days.",
    )
    say(
        "fix",
        "with_barrier(): tell the compiler that steps may have changed, so it must count;",
        "with_answer(): let each step need the one before, and check the answer",
    )

    times = {name: seconds(getattr(module, name), LESS) for name in KEPT}
    lines = (f"{f}(): {LESS:,} steps in {t * 1e6:,.0f} microseconds" for f, t in times.items())
    say("fixed", *lines)
    deleted = n == STEPS and spent / n < FASTEST
    kept = min(times.values()) / LESS > FASTEST
    right = module.with_barrier(1000) == 1000 and module.with_answer(1000) == generator(1000)
    return deleted and kept and right


if __name__ == "__main__":
    show(__doc__, main)
