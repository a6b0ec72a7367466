"""Add two vectors with NumPy, numexpr and Numba.

    python add_peers.py

Each has a process of its own. GB/s counts what the loop asks for, 24 bytes an element.
"""

from functools import partial
from importlib import import_module

from bench import built, header, openmp_threads, read_options, run, verdict
from peers import measure_each

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


def main():
    args = read_options(
        __doc__, n=(10_000_000, 1, 10**9, "elements"), t=(THREADS, 1, 256, "threads")
    )
    print(f"add two vectors of {args.n} doubles; seconds for one addition")
    header("GB/s")
    measure_each(VERSIONS, args.t, measure, args.n)
    verdict()


if __name__ == "__main__":
    run(main)
