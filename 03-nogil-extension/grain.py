"""How long must a call work, so that releasing the GIL around it is worth it?

    python grain.py
    python grain.py -t 4

A row is named after the work in one call, which is the loop of counter.pyx. Several threads make
many such calls and release the GIL in each. `speedup` compares them with one thread that makes as
many calls and holds the GIL; `held` compares several threads that hold it with that thread, too.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise
from threading import Barrier

from bench import built, header, read_options, row, run, stopwatch, verdict

with built():
    import counter

LENGTHS = 100, 300, 1000, 3000, 10_000, 100_000, 1_000_000  # nanoseconds of work in one call
NAMES = "100ns", "300ns", "1us", "3us", "10us", "100us", "1ms"
WORK = 10_000_000  # nanoseconds for each thread in each row
ROUNDS = 9  # the median counts: in the fastest, threads with short calls were lucky


def shortest(call, n):
    """Return the nanoseconds that one of the n steps of call(n) takes when nothing disturbs it."""
    times = []
    for _ in range(20):
        start = time.perf_counter_ns()
        call(n)
        times.append(time.perf_counter_ns() - start)
    return min(times) / n


def share(pool, call, steps, calls, threads):
    """Let threads that start together share the calls; return the time, and in it the steps."""
    gate = Barrier(threads)

    def work(_):
        gate.wait()
        taken = 0
        for _ in range(calls // threads):
            taken += call(steps)
        return taken

    with stopwatch() as took:
        took.steps = sum(pool.map(work, range(threads)))
    return took


def show_row(pool, name, steps, calls, threads):
    """Print a row; return the speed-up of releasing threads, and how many cores they had."""
    ways = (counter.held, 1), (counter.held, threads), (counter.released, threads)
    counter.reset_inside()  # calls that hold the GIL add at most 1
    rounds = [[share(pool, call, steps, calls, team) for call, team in ways] for _ in range(ROUNDS)]
    right = all(took.steps == steps * calls for took in chain(*rounds))
    one, held, released = (
        sorted(same, key=lambda took: took.wall)[ROUNDS // 2] for same in zip(*rounds, strict=True)
    )
    cells = counter.inside(), f"{one.wall / held.wall:.2f}"
    row(name, threads, released.steps, right, released, *cells, base=one.wall)
    return one.wall / released.wall, released.cpu / released.wall


def break_even(speedups):
    """Return the nanoseconds of work at which the speed-up rises above 1, or None.

    Between two rows it is read off a straight line, over the logarithm of the length.
    """
    for (a, low), (b, high) in pairwise(zip(LENGTHS, speedups, strict=True)):
        if low < 1 <= high:
            return a * (b / a) ** ((1 - low) / (high - low))
    return None


def main():
    t = read_options(__doc__, t=(2, 2, 256, "threads that share the work")).t
    print(f"calls of seven lengths: {t} threads that release the GIL, one that holds it")
    header("inside", "held")
    a_step, shown = shortest(counter.held, 10**6), []
    with ThreadPoolExecutor(t) as pool:
        list(pool.map(time.sleep, [0.1] * t))  # starts the threads before there is work
        for name, length in zip(NAMES, LENGTHS, strict=True):
            steps, calls = max(1, round(length / a_step)), WORK // length * t
            shown.append(show_row(pool, name, steps, calls, t))
    verdict()
    speedups, cores = zip(*shown, strict=True)
    even = break_even(speedups) if min(cores[-3:]) > 0.8 * t else None  # in the long calls
    cost = shortest(counter.release_and_retake, 100_000)
    print(f"\na release and retake, when no other thread wants the GIL: {cost:.0f} ns")
    text = f"{even:.0f} ns of work in a call" if even else "not in these rows, or too few cores"
    print(f"break-even: {text}")


if __name__ == "__main__":
    run(main)
