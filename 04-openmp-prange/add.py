"""Add two vectors with NumPy, with Cython on one core, and with Cython on all of them.

    python add.py

GB/s counts what the loop asks for, 24 bytes an element: a and b are read, out is written.
"""

from functools import partial

import bench
from bench import built, enough_memory, header, row, run, stopwatch, verdict

THREADS = bench.openmp_threads()
with built():
    import numpy as np
    import parallel_add
    from threadpoolctl import threadpool_info


def vectors(n):
    enough_memory(40 * n)  # check() takes as much again as two of them
    a = np.arange(n, dtype=np.float64)
    return a, 2 * a, np.empty(n)


def time_of(add):
    """Add twice as often until that takes 0.1 s; return the time of one addition."""
    times, took = 1, None
    while not took or took.wall < 0.1:
        times *= 2
        with stopwatch() as took:
            for _ in range(times):
                add()
    took.wall, took.cpu = took.wall / times, took.cpu / times
    return took


def check(out):
    """Return the sum of the right elements as an exact integer, and whether all are right."""
    expected = 3 * np.arange(len(out))
    equal = out == expected  # NaN is equal to nothing
    return int(expected.sum(where=equal)), equal.all()


def main():
    n_and_t = {"n": (10_000_000, 1, 10**9, "elements"), "t": (THREADS, 1, 256, "threads")}
    args = bench.read_options(__doc__, **n_and_t)
    arrays = a, b, out = vectors(args.n)
    # Those with threads come last: idle OpenMP threads spin for a while, waiting for more to do.
    versions = {
        "numpy": (1, partial(np.add, a, b, out=out)),
        "cython-serial": (1, partial(parallel_add.add_serial, *arrays)),
        "cython-prange": (args.t, partial(parallel_add.add_arrays, *arrays, args.t)),
        "prange-stream": (args.t, partial(parallel_add.add_arrays_stream, *arrays, args.t)),
    }
    print(f"add two vectors of {args.n} doubles; seconds for one addition")
    header("GB/s")
    for version, (threads, add) in versions.items():
        out.fill(np.nan)  # a version that leaves an element out cannot pass with an old sum
        took = time_of(add)
        row(version, threads, *check(out), took, f"{24 * args.n / took.wall / 1e9:.1f}")
    eighths, inside = parallel_add.team(args.n, args.t)
    print(f"\nthread of each eighth: {' '.join(map(str, eighths))}; inside at one moment: {inside}")
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "openmp"]
    print("OpenMP runtimes loaded:", *(f"{pool['prefix']} ({pool['filepath']})" for pool in pools))
    verdict()


if __name__ == "__main__":
    run(main)
