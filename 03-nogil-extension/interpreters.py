"""Several interpreters in one process, each with a GIL of its own, all holding it (CPython 3.14).

    python interpreters.py
    python interpreters.py -n 200000 -t 4

Every row calls count_held of primesmodule.c, which never lets go of the GIL. Two threads of one
interpreter take turns; two interpreters do not, because there are two GILs to hold. Each imports
the module anew and has its own state: that is what Py_mod_multiple_interpreters promises.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

from bench import built, fail, header, read_options, row, run, stopwatch, verdict

with built():
    import _primes

try:
    from concurrent import interpreters
except ImportError:
    interpreters = None

KNOWN = {200_000: 17_984, 1_000_000: 78_498, 2_000_000: 148_933}


def create():
    """Start an interpreter that finds the same modules, and let it import _primes."""
    interpreter = interpreters.create()
    interpreter.exec(f"import sys; sys.path = {sys.path}; import _primes")
    return interpreter


def count_primes(counts, n):
    """Count the primes below n on one thread for each of counts, which are count_held(lo, hi).

    Large numbers take longer than small ones. So there are many ranges, and a thread takes every
    so manyth: neighbours cost about the same.
    """
    threads = len(counts)
    pieces = 32 * threads
    ranges = list(pairwise(n * i // pieces for i in range(pieces + 1)))

    def work(thread):
        return sum(counts[thread](lo, hi) for lo, hi in ranges[thread::threads])

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(work, range(threads)))


def show_table(n, others):
    header()
    expected = KNOWN.get(n)
    for version, counts in (
        ("sequential", [_primes.count_held]),
        ("one-gil", [_primes.count_held] * len(others)),
        # Each thread goes to another interpreter, where it finds _primes.count_held by its name.
        ("interpreters", [partial(other.call, _primes.count_held) for other in others]),
    ):
        with stopwatch() as took:
            primes = count_primes(counts, n)
        if expected is None:
            expected = primes
        row(version, len(counts), primes, primes == expected, took)
    verdict()


def calls_beside(other, seconds):
    """Count how many calls this interpreter makes while the other one holds its GIL in C.

    It is in C for so many seconds, somewhere between two moments that are noted. So it was there
    for certain from `seconds` before the second until `seconds` after the first.
    """

    def hold():
        before = time.monotonic()
        other.call(_primes.meet_held, 2, seconds)  # waits in vain for a second thread
        return before, time.monotonic()

    ends = []
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        while not held.done():
            _primes.count_held(0, 1000)
            ends.append(time.monotonic())
    before, after = held.result()
    return sum(after - seconds < end < before + seconds for end in ends)


def show_proof(other):
    for seconds in (0.3, 3.0, 30.0):  # more than once only where the machine is very busy
        if calls := calls_beside(other, seconds):
            break
    print(f"while another interpreter held its GIL for {seconds} s, this one made {calls} calls")
    if not calls:
        fail(1, "wrong: the interpreters share one GIL")


def main():
    args = read_options(
        __doc__,
        n=(2_000_000, 1, 10**8, "count the primes below n"),
        t=(2, 1, 256, "threads, and as many interpreters"),
    )
    if not interpreters:
        print("interpreters.py: this needs CPython 3.14, for interpreters with a GIL each")
        return
    others = [create() for _ in range(args.t)]  # takes some ten milliseconds each: no row has it
    print(f"count the primes below {args.n:,}, always holding a GIL")
    show_table(args.n, others)
    print()
    show_proof(others[0])
    for other in others:
        other.close()


if __name__ == "__main__":
    run(main)
