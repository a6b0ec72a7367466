"""A producer, a queue with few places, and workers: whoever is too fast waits, and nothing is lost.

    python3 pipeline.py
    python3 pipeline.py -n 100000 -t 4 -q 2 -c 1000

An item is the start of a chunk of numbers; the workers count the primes in it. Ctrl-C
stops the producer, and what it has made is still done.
"""

import argparse
import os
import queue
import signal
import sys
import threading
import time

ROW = "{:<14}{:>8}{:>14}{:>#11.4g}{:>9.2f}{:>7.2f}{:>12}{:>12}"

# A KeyboardInterrupt could strike between making an item and counting it. A flag cannot.
interrupted = threading.Event()


def interrupt(_signal, _frame):
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the second Ctrl-C ends it at once
    interrupted.set()


class BoundedQueue(queue.Queue):
    """A queue that remembers how many of its places were taken at most."""

    most = 0

    def _put(self, item):
        super()._put(item)
        self.most = max(self.most, self._qsize())


def is_prime(n):
    """Trial division, the same as in primes.c."""
    if n < 2:
        return False
    d = 2
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return True


def count_primes(low, high):
    """Count the primes in low <= n < high."""
    return sum(is_prime(n) for n in range(low, high))


def produce(n, chunk):
    """Yield the items, until there are no more or Ctrl-C."""
    for low in range(0, n, chunk):
        if interrupted.is_set():
            return
        yield low


def do_item(low, n, chunk):
    return count_primes(low, min(low + chunk, n))


# Each version returns (primes, items made, items done).


def sequential(n, chunk, _workers, _items):
    results = [do_item(low, n, chunk) for low in produce(n, chunk)]
    return sum(results), len(results), len(results)


def pipeline(n, chunk, workers, items):
    results = []

    def work():
        while (low := items.get()) is not None:
            results.append(do_item(low, n, chunk))

    made, started = 0, []
    try:
        for _ in range(workers):
            thread = threading.Thread(target=work)
            thread.start()
            started.append(thread)
        for low in produce(n, chunk):
            items.put(low)
            made += 1
    except RuntimeError as error:  # the system allows no more threads
        sys.exit(f"pipeline.py: cannot start a thread: {error}")
    finally:
        for _ in started:
            items.put(None)  # for each worker: there are no more
        for thread in started:
            thread.join()
    return sum(results), made, len(results)


def usable_cpus():
    """Count the CPUs this process may use: affinity, then the cgroup's quota; at least 2."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = map(int, file.read().split())
        cpus = min(cpus, -(-quota // period))
    except (OSError, ValueError):  # no such file, or it says "max": no quota
        pass
    return max(2, min(cpus, 256))


def whole(low, high):
    """Make an argparse type: a whole number from low to high."""

    def parse(text):
        digits = text.isascii() and text.isdigit() and len(text) < 20
        if not (digits and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(
                f"{text!r}: expected a whole number from {low} to {high}"
            )
        return int(text)

    return parse


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__.split("\n")[0])
    parser.add_argument(
        "-n", type=whole(1, 10**12), default=200_000, help="primes below n (default: %(default)s)"
    )
    parser.add_argument(
        "-t", type=whole(1, 256), default=usable_cpus(), help="workers (default: %(default)s)"
    )
    parser.add_argument(
        "-q", type=whole(1, 65536), default=16, help="places in the queue (default: %(default)s)"
    )
    parser.add_argument(
        "-c", type=whole(1, 10**12), default=10_000, help="numbers an item (default: %(default)s)"
    )
    args = parser.parse_args()
    signal.signal(signal.SIGINT, interrupt)
    items = BoundedQueue(args.q)

    print(f"count the primes below {args.n:,}, {args.c:,} an item; places in the queue: {args.q}")
    print(
        f"{'version':<14}{'threads':>8}{'answer':>14}{'seconds':>11}{'speedup':>9}{'busy':>7}"
        f"{'made':>12}{'done':>12}",
        flush=True,
    )
    base = expected = wrong = 0
    for version, workers in ((sequential, 1), (pipeline, args.t)):
        wall, cpu = time.perf_counter(), time.process_time()
        answer, made, done = version(args.n, args.c, workers, items)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        base = base or wall
        expected = answer if version is sequential else expected
        wrong += made != done or (answer != expected and not interrupted.is_set())
        cells = version.__name__, workers, answer, wall, base / wall, cpu / wall, made, done
        stop = interrupted.is_set()
        print(ROW.format(*cells), flush=True)
        if stop:
            break
    print(f"\nat most {items.most} of {args.q} places in the queue were taken at one time")
    if interrupted.is_set():
        print(f"stopped by Ctrl-C: {made} items made, {done} done")
    if wrong:
        sys.exit(f"pipeline.py: {wrong} rows with a wrong answer, or with items lost")
    if interrupted.is_set():
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
