"""The GIL is taken in the loop, for one small thing an iteration.

    python mistakes/gil_in_loop.py

The times differ from machine to machine. What decides is how often the GIL was taken.
"""

import time

from mistakes import OPENMP, load, say, show

N = 200_000
PRICES = [1.0, 2.0, 3.0, 4.0]


def measure(module, function, threads=2):
    """Return the shortest time of an iteration (ns), how often the GIL was taken, all right."""
    times, right = [], True
    for _ in range(5):
        module.taken()
        start = time.perf_counter()
        right &= function(N, PRICES, threads) == N / 4 * sum(PRICES)
        times.append(time.perf_counter() - start)
    return min(times) / N * 1e9, module.taken(), right


def main():
    say("expected", f"{N:,} iterations take the GIL {N:,} times, one after another")

    module = load("gil_in_loop", *OPENMP)
    before, often, right = measure(module, module.broken)
    alone, _, right_alone = measure(module, module.broken, 1)
    say("seen", f"{N:,} iterations: GIL taken {often:,} times; {before:.1f} ns each")
    say("", f"on one thread: {alone:.1f} ns each")
    say(
        "cause",
        "with gil: total += <double>prices[i & 3]",
        "The threads wait for each other at every iteration, and for every other Python "
        "thread too. No number of cores makes such a loop faster.",
    )
    say("fix", "turn objects into numbers before the loop; touch Python after it, or seldom")

    after, seldom, right_too = measure(module, module.fixed)
    say("fixed", f"{N:,} iterations: GIL taken {seldom:,} times; {after:.1f} ns each")
    return often >= N and seldom < 10 and right and right_alone and right_too


if __name__ == "__main__":
    show(__doc__, main)
