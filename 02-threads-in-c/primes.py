"""Count the primes below n: in Python, on Python threads, and in C with the GIL held or released.

    mkdir -p build && cc -O2 -shared -fPIC libprimes.c -o build/libprimes.so
    python3 primes.py

ctypes loads the same C function twice. PyDLL keeps the GIL during the call, CDLL releases it: a
difference in one word of Python, and none in the C code.
"""

import ctypes
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import header, read_options, row, run, stopwatch, verdict

LIBRARY = Path(__file__).parent / "build" / "libprimes.so"
CHUNKS = 64


def is_prime(n):
    """Trial division, the same as in count_primes.h."""
    return n >= 2 and all(n % d for d in range(2, math.isqrt(n) + 1))


def count_primes(low, high):
    """Count the primes in low <= n < high."""
    return sum(is_prime(n) for n in range(low, high))


def load(loader):
    """Return the C library's count_primes, loaded by ctypes.PyDLL or ctypes.CDLL."""
    function = loader(LIBRARY).primes_between
    function.argtypes = ctypes.c_uint64, ctypes.c_uint64
    function.restype = ctypes.c_uint64
    return function


def count_on_threads(function, n, threads):
    """Share 0..n out in chunks: whichever thread is free takes the next one."""
    size = -(-n // CHUNKS)
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(lambda low: function(low, min(low + size, n)), range(0, n, size)))


def main():
    args = read_options(
        __doc__, n=(200_000, 1, 10**12, "count the primes below n"), t=(2, 1, 256, "threads")
    )
    versions = [("python", 1, count_primes), ("python-threads", args.t, count_primes)]
    if LIBRARY.exists():
        held, released = load(ctypes.PyDLL), load(ctypes.CDLL)
        versions += [("pydll", 1, held), ("pydll-threads", args.t, held)]
        versions += [("cdll-threads", args.t, released)]
    else:
        print("no C rows: compile the library with the command at the head of primes.py\n")

    print(f"count the primes below {args.n:,}")
    header()
    expected = None
    for version, threads, function in versions:
        with stopwatch() as took:
            answer = count_on_threads(function, args.n, threads)
        expected = answer if expected is None else expected
        row(version, threads, answer, answer == expected, took)
    verdict()


if __name__ == "__main__":
    run(main)
