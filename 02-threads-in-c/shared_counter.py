"""Three ways for Python threads to count together, to n: the GIL does not keep the steps from harm.

    python3 shared_counter.py
    python3 shared_counter.py -n 1000000 -t 4

unlocked      one counter, read and written by all: steps are lost
lock          one counter, and a lock around every step
per-thread    a counter for each thread, added up at the end
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from bench import header, read_options, row, run, stopwatch, verdict

GIVE_WAY = 4000


class Counter:
    def __init__(self):
        self.count = 0
        self.lock = threading.Lock()


# Each version takes the counter that all threads share and the steps of one thread. It returns
# what is to be added to the shared counter at the end.


def sequential(_counter, steps):
    count = 0
    for _ in range(steps):
        count += 1
    return count


def unlocked(counter, steps):
    for step in range(steps):
        value = counter.count
        # At a call the GIL can pass to another thread, and a call that sleeps passes it on every
        # time. Without a call here, CPython does not let go of it today; nothing promises that.
        if step % GIVE_WAY == 0:
            time.sleep(1e-6)
        counter.count = value + 1
    return 0


def lock(counter, steps):
    for _ in range(steps):
        with counter.lock:
            counter.count += 1
    return 0


def count_on_threads(version, n, threads):
    """Share n steps out to threads; return what they counted."""
    counter = Counter()
    shares = [n // threads + (i < n % threads) for i in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        own = pool.map(lambda steps: version(counter, steps), shares)
    return counter.count + sum(own)


def main():
    args = read_options(__doc__, n=(1_000_000, 1, 10**12, "count to n"), t=(2, 1, 256, "threads"))
    print(f"count to {args.n:,} together; unlocked is wrong on purpose")
    header("lost", "ns/step")
    for name, version, threads in (
        ("sequential", sequential, 1),
        ("unlocked", unlocked, args.t),
        ("lock", lock, args.t),
        ("per-thread", sequential, args.t),
    ):
        with stopwatch() as took:
            answer = count_on_threads(version, args.n, threads)
        lost, step = args.n - answer, f"{took.wall * 1e9 / args.n:.1f}"
        row(name, threads, answer, lost == 0 or version is unlocked, took, lost, step)
    verdict()


if __name__ == "__main__":
    run(main)
