"""Count the primes below n: in Python, on Python threads, and in C with the GIL held or released.

    mkdir -p build && cc -O2 -pthread -shared -fPIC primes.c -o build/libprimes.so
    python3 primes.py

ctypes loads the same C function twice. PyDLL keeps the GIL during the call, CDLL releases it:
one letter of difference in Python, and none in the C code.
"""

import argparse
import ctypes
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LIBRARY = Path(__file__).parent / "build" / "libprimes.so"
CHUNKS = 64
ROW = "{:<16}{:>8}{:>12}{:>#11.4g}{:>9.2f}{:>7.2f}"


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


def load(loader):
    """Return count_primes of the C library, loaded by ctypes.PyDLL or ctypes.CDLL."""
    function = loader(LIBRARY).count_primes
    function.argtypes = ctypes.c_uint64, ctypes.c_uint64
    function.restype = ctypes.c_uint64
    return function


def count_on_threads(function, n, threads):
    """Share 0..n out in chunks: whichever thread is free takes the next one."""
    size = -(-n // CHUNKS)
    with ThreadPoolExecutor(threads) as pool:
        try:
            return sum(pool.map(lambda low: function(low, min(low + size, n)), range(0, n, size)))
        except RuntimeError as error:  # the system allows no more of them
            pool.shutdown(cancel_futures=True)
            sys.exit(f"primes.py: cannot start a thread: {error}")


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
        "-n", type=whole(1, 10**12), default=500_000, help="primes below n (default: %(default)s)"
    )
    parser.add_argument(
        "-t", type=whole(1, 256), default=usable_cpus(), help="threads (default: %(default)s)"
    )
    args = parser.parse_args()

    versions = [("python", 1, count_primes), ("python-threads", args.t, count_primes)]
    if LIBRARY.exists():
        held, released = load(ctypes.PyDLL), load(ctypes.CDLL)
        versions += [("pydll", 1, held), ("pydll-threads", args.t, held)]
        versions += [("cdll-threads", args.t, released)]

    print(f"count the primes below {args.n:,}")
    print(f"{'version':<16}{'threads':>8}{'answer':>12}{'seconds':>11}{'speedup':>9}{'busy':>7}")
    base = expected = wrong = 0
    for name, threads, function in versions:
        wall, cpu = time.perf_counter(), time.process_time()
        answer = count_on_threads(function, args.n, threads)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        base = base or wall
        expected = expected or answer
        wrong += answer != expected
        print(ROW.format(name, threads, answer, wall, base / wall, cpu / wall), flush=True)
    if not LIBRARY.exists():
        print("\nno C rows: compile the library with the command at the head of primes.py")
    if wrong:
        sys.exit(f"primes.py: {wrong} rows differ from the first one's answer")


if __name__ == "__main__":
    main()
