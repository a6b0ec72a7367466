"""Add two vectors with NumPy, numexpr and Numba.

    python add_peers.py

GB/s counts what the loop asks for, 24 bytes an element. What is not installed is left out. The
libraries whose threads go on spinning for a while come last.
"""

import os
from functools import partial
from importlib import import_module

from bench import built, header, openmp_threads, read_options, row, run, verdict

THREADS = openmp_threads()
with built():
    import add
    import numpy as np


def with_numpy(a, b, out):
    return partial(np.add, a, b, out=out)


def with_numexpr(a, b, out):
    return partial(import_module("numexpr").evaluate, "a + b", {"a": a, "b": b}, out=out)


def with_numba(a, b, out):
    numba = import_module("numba")

    @numba.njit(parallel=True, cache=True)
    def add_arrays(a, b, out):
        for i in numba.prange(len(out)):
            out[i] = a[i] + b[i]

    add_arrays(a[:1], b[:1], out[:1])  # compiles it
    return partial(add_arrays, a, b, out)


def measure(make, n):
    a, b, out = add.vectors(n)
    version = make(a, b, out)
    out.fill(np.nan)  # a version that leaves an element out cannot pass with an old sum
    took = add.time_of(version)
    return *add.check(out), took, f"{24 * n / took.wall / 1e9:.1f}"


VERSIONS = {
    "numpy": (with_numpy, False),
    "numexpr": (with_numexpr, True),
    "numba-prange": (with_numba, True),
}


def measure_each(versions, measure, threads, *arguments):
    """Print a row for each of versions, a dict of name: (function, whether it uses threads)."""
    left_out = {}  # each name once
    for name in "NUMBA_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS":
        os.environ[name] = str(threads)  # read when the library is imported
    for version, (make, uses_threads) in versions.items():
        try:
            row(version, threads if uses_threads else 1, *measure(make, *arguments))
        except ImportError as error:  # it is missing, or refuses another package here
            left_out[(error.name or version).partition(".")[0]] = None
    if left_out:
        print(f"\nleft out: {', '.join(left_out)} (make peers adds what it can)")
    verdict()


def main():
    args = read_options(
        __doc__, n=(10_000_000, 1, 10**9, "elements"), t=(THREADS, 1, 256, "threads")
    )
    print(f"add two vectors of {args.n} doubles; seconds for one addition")
    header("GB/s")
    measure_each(VERSIONS, measure, args.t, args.n)


if __name__ == "__main__":
    run(main)
