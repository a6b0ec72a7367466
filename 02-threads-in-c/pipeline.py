"""A producer, a queue with few places, and workers: whoever is too fast waits, and nothing is lost.

    python3 pipeline.py
    python3 pipeline.py -n 100000 -t 4 -q 2 -c 1000

An item is the start of a chunk of numbers; the workers count the primes in it. Ctrl-C
stops the producer, and what it has made is still done.
"""

import queue
import signal
import sys
import threading

from bench import header, read_options, row, run, stopwatch, verdict

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
    """Trial division, the same as in count_primes.h."""
    if n < 2:
        return False
    d = 2
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return True


def do_item(low, n, chunk):
    """Count the primes of one item: those in a chunk that starts at low."""
    return sum(is_prime(i) for i in range(low, min(low + chunk, n)))


def produce(n, chunk):
    """Yield the items, until there are no more or Ctrl-C."""
    for low in range(0, n, chunk):
        if interrupted.is_set():
            return
        yield low


# Each version returns (primes, items made, items done).


def sequential(n, chunk, _workers, _items):
    results = [do_item(low, n, chunk) for low in produce(n, chunk)]
    return sum(results), len(results), len(results)


def pipeline(n, chunk, workers, items):
    made, results = 0, []

    def work():
        while (low := items.get()) is not None:
            results.append(do_item(low, n, chunk))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for low in produce(n, chunk):
        items.put(low)
        made += 1
    for _ in threads:
        items.put(None)  # for each worker: there are no more
    for thread in threads:
        thread.join()
    return sum(results), made, len(results)


def print_rows(args, items):
    """Print both rows, or none after Ctrl-C; return what was done last: primes, made and done."""
    expected = None
    for version, workers in ((sequential, 1), (pipeline, args.t)):
        with stopwatch() as took:
            primes, made, done = version(args.n, args.c, workers, items)
        if interrupted.is_set():  # the seconds of a part of the work have no speed-up
            break
        expected = primes if version is sequential else expected
        row(version.__name__, workers, primes, (primes, made) == (expected, done), took, made, done)
    return primes, made, done


def main():
    args = read_options(
        __doc__,
        n=(200_000, 1, 10**12, "count the primes below n"),
        t=(2, 1, 256, "workers"),
        q=(16, 1, 65536, "places in the queue"),
        c=(10_000, 1, 10**12, "numbers in an item"),
    )
    signal.signal(signal.SIGINT, interrupt)
    items = BoundedQueue(args.q)
    print(f"count the primes below {args.n:,}, {args.c:,} an item; places in the queue: {args.q}")
    header("made", "done")
    sys.stdout.flush()
    primes, made, done = print_rows(args, items)
    if items.most:
        print(f"\nat most {items.most} of {args.q} places in the queue were taken at one time")
    if interrupted.is_set():
        print(f"stopped by Ctrl-C: {made} items made, {done} done, {primes} primes")
    verdict()
    if interrupted.is_set():
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    run(main)
