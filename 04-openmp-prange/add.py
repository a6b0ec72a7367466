"""Add two vectors with NumPy, with Cython on one core, and with Cython on all of them.

    python add.py

GB/s counts what the loop asks for, 24 bytes an element: a and b are read, out is written.
"""

import time
from functools import partial

from bench import (
    built,
    enough_memory,
    header,
    openmp_threads,
    read_options,
    row,
    run,
    stopwatch,
    verdict,
)

THREADS = openmp_threads()
with built():
    import numpy as np
    import parallel_add
    from threadpoolctl import threadpool_info

BLOCK = 1_000_000


def vectors(n):
    enough_memory(24 * n)
    a = np.arange(n, dtype=np.float64)
    return a, 2 * a, np.empty(n)


def time_of(add):
    """Add until 0.1 s are over, looking at the clock ever less often; return the time of one."""
    passes, end = 0, time.perf_counter() + 0.1
    with stopwatch() as took:
        while not passes or time.perf_counter() < end:
            more = passes // 2 + 1
            for _ in range(more):
                add()
            passes += more
    took.wall, took.cpu = took.wall / passes, took.cpu / passes
    return took


def check(out):
    """Return the sum of the right elements as an exact integer, and whether all are right.

    A sum of doubles is exact below 2**53, which a block stays under. NaN compares as wrong.
    """
    answer = right = 0
    for low in range(0, len(out), BLOCK):
        part = out[low : low + BLOCK]
        equal = part == 3.0 * np.arange(low, low + len(part))
        answer += int(part[equal].sum())
        right += int(np.count_nonzero(equal))
    return answer, right == len(out)


def main():
    args = read_options(
        __doc__, n=(10_000_000, 1, 10**9, "elements"), t=(THREADS, 1, 256, "threads")
    )
    a, b, out = vectors(args.n)
    # The rows with threads stand last: idle OpenMP workers spin for a while, waiting for more
    # to do, and would slow a row that follows them down.
    versions = {
        "numpy": (1, partial(np.add, a, b, out=out)),
        "cython-serial": (1, partial(parallel_add.add_serial, a, b, out)),
        "cython-prange": (args.t, partial(parallel_add.add_arrays, a, b, out, args.t)),
    }
    if parallel_add.STREAMING:
        stream = partial(parallel_add.add_arrays_stream, a, b, out, args.t)
        versions["prange-stream"] = args.t, stream

    print(f"add two vectors of {args.n} doubles; seconds for one addition")
    header("GB/s")
    for version, (threads, add) in versions.items():
        out.fill(np.nan)  # a version that leaves an element out cannot pass with an old sum
        took = time_of(add)
        row(version, threads, *check(out), took, f"{24 * args.n / took.wall / 1e9:.1f}")
    eighths, inside = parallel_add.team_ids(args.n, args.t), parallel_add.inside(args.t)
    print(f"\nthread of each eighth: {' '.join(map(str, eighths))}; inside at one moment: {inside}")
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "openmp"]
    print("OpenMP runtimes loaded:", *(f"{pool['prefix']} ({pool['filepath']})" for pool in pools))
    verdict()


if __name__ == "__main__":
    run(main)
