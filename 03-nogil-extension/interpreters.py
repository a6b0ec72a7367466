"""Several interpreters in one process, each with a GIL of its own (CPython 3.14).

    python interpreters.py

Every row calls _count.held, which never gives the GIL up. Two threads of one interpreter take
turns. Two interpreters do not: each has its own GIL, and imports _count anew, with its own state.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from operator import call
from time import monotonic, sleep

from bench import built, fail, header, read_options, row, run, stopwatch, verdict

with built():
    import _count


def count_primes(callers, n):
    """Count the primes below n on a thread for each caller; caller(f, x) is f(x) somewhere."""
    size = n // 64 + 1

    def work(caller, first):  # takes every so manyth range, because large numbers cost more
        lows = range(first * size, n, len(callers) * size)
        return sum(caller(_count.held, low, min(low + size, n)) for low in lows)

    with ThreadPoolExecutor(len(callers)) as pool:
        return sum(pool.map(work, callers, range(len(callers))))


def notes_beside(other, seconds):
    """Count how often we note the time while the other interpreter certainly holds its GIL."""
    notes, before = [], monotonic()
    with ThreadPoolExecutor(1) as pool:
        hold = f"_count.expect(2, {seconds}); _count.held(0, 0); _count.expect(0, 0)"
        holder = pool.submit(other.exec, hold)
        while not holder.done():
            sleep(0.001)
            notes.append(monotonic())
    holder.result()  # raises what exec raised
    after = monotonic()  # somewhere between `before` and `after` it held its GIL for `seconds`
    return sum(after - seconds < note < before + seconds for note in notes)


def main():
    args = read_options(__doc__, n=(2_000_000, 1, 10**8, "below n"), t=(2, 1, 256, "interpreters"))
    if sys.version_info < (3, 14):
        print("interpreters.py: this needs CPython 3.14, for interpreters with a GIL each")
        return
    from concurrent import interpreters  # noqa: PLC0415

    print(f"count the primes below {args.n:,}, always holding a GIL")
    others = [interpreters.create() for _ in range(args.t)]
    for other in others:
        other.exec(f"import sys; sys.path = {sys.path}; import _count")
    own, answers = [other.call for other in others], []
    header()
    for version, callers in ("sequential", [call]), ("one-gil", [call] * args.t), ("own-gil", own):
        with stopwatch() as took:
            answers.append(count_primes(callers, args.n))
        row(version, len(callers), answers[-1], answers[-1] == answers[0], took)
    verdict()
    notes = max(notes_beside(others[0], 0.3) for _ in range(3))  # one may be delayed
    print(f"\nwhile another interpreter held its GIL for 0.3 s, this one ran {notes} times")
    notes or fail(1, "wrong: the interpreters share one GIL")


if __name__ == "__main__":
    run(main)
