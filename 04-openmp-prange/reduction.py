"""A histogram and a sum in Cython, with what each thread has found kept apart.

    python reduction.py

The values, the histogram and the sums are those of reduction.c and float_sum.c.
"""

import bench
from bench import built, enough_memory, header, row, run, stopwatch, verdict

THREADS = bench.openmp_threads()
with built():
    import numpy as np
    import reduction_cython

TEAMS = 1, 2, 3, 4  # threads, of the sums below the table
FOR_SUMS = 20_000_000  # values at most: a float holds no larger sum to 7 digits


def print_sums(values):
    """Print the sums on 1 to 4 threads; those by blocks must be the same, to the last bit."""
    floats = values.astype(np.float32) * np.float32(2**-24)  # 0 to 1
    parts = [reduction_cython.sum_by_reduction(floats, team) for team in TEAMS]
    blocks = [reduction_cython.sum_by_blocks(floats, team) for team in TEAMS]
    exact = int(values.sum(dtype=np.uint64)) / 2**24
    lines = ("reduction", parts), ("blocks", blocks), ("exact", [exact])
    print(f"\n{'on threads':<16}" + "".join(f"{team:12}" for team in TEAMS))
    for name, line in lines:
        print(f"{name:<16}" + "".join(f"{value:12.2f}" for value in line))
    if len(set(blocks)) > 1 or not abs(blocks[0] - exact) <= 1e-3 * exact:
        bench.fail(1, "wrong answer: blocks")


def main():
    n_and_t = {"n": (40_000_000, 1, 500_000_000, "values"), "t": (THREADS, 1, 256, "threads")}
    args = bench.read_options(__doc__, **n_and_t)
    enough_memory(24 * args.n)
    i = np.arange(args.n, dtype=np.uint32)
    values = i * i * np.uint32(2_654_435_769) >> np.uint32(8)  # 24 bits that look random
    versions = {
        "numpy": (1, lambda: np.bincount(values >> 16, minlength=256)),
        "serial": (1, lambda: reduction_cython.histogram(values, 1)),
        "by-hand": (args.t, lambda: reduction_cython.histogram(values, args.t)),
    }
    print(f"a histogram of {args.n} values in 256 bins")
    header("ns/value")
    expected = None
    for version, (threads, count) in versions.items():
        with stopwatch() as took:
            bins = count()
        expected = bins if expected is None else expected
        right = np.array_equal(bins, expected)
        row(version, threads, int(bins.sum()), right, took, f"{took.wall / args.n * 1e9:.2f}")
    print_sums(values[:FOR_SUMS])
    verdict()


if __name__ == "__main__":
    run(main)
