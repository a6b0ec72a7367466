"""A histogram and a sum in Cython, with what each thread has found kept apart.

    python reduction.py

The values, the histogram and the sums are those of reduction.c and float_sum.c.
"""

from bench import (
    built,
    enough_memory,
    fail,
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
    import reduction

MOST = 4  # threads, of the sums below the table
FOR_SUMS = 20_000_000  # values at most: a float holds no larger sum to 7 digits


def hashes(n):
    """Return 24 bits of each of n hashes (splitmix64; Steele, Lea and Flood 2014) as uint32."""
    z = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in (30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB):
        z ^= z >> np.uint64(shift)
        z *= np.uint64(factor)
    return ((z ^ z >> np.uint64(31)) >> np.uint64(40)).astype(np.uint32)


def histogram(values, threads):
    counts = np.zeros((threads, reduction.BINS), np.uint64)
    reduction.histogram(values, counts)
    return counts.sum(axis=0)


def print_sums(values):
    """Print the sums on 1 to 4 threads; those by blocks must be the same, to the last bit."""
    floats = values.astype(np.float32) * np.float32(2**-24)  # 0 to 1
    sums = np.empty(-(-len(floats) // reduction.BLOCK), np.float32)
    teams = range(1, MOST + 1)
    parts = [reduction.sum_by_reduction(floats, t) for t in teams]
    blocks = [reduction.sum_by_blocks(floats, sums, t) for t in teams]
    exact = int(values.sum(dtype=np.uint64)) / 2**24
    print(f"\n{'on threads':<16}" + "".join(f"{t:12}" for t in teams))
    for name, line in ("reduction", parts), ("blocks", blocks), ("exact", [exact]):
        print(f"{name:<16}" + "".join(f"{value:12.2f}" for value in line))
    if len(set(blocks)) > 1 or not abs(blocks[0] - exact) <= 1e-3 * exact:
        fail(1, "wrong answer: blocks")


def main():
    args = read_options(
        __doc__, n=(40_000_000, 1, 500_000_000, "values"), t=(THREADS, 1, 256, "threads")
    )
    enough_memory(24 * args.n)
    values = hashes(args.n)
    versions = {
        "numpy": (1, lambda: np.bincount(values >> 16, minlength=reduction.BINS)),
        "serial": (1, lambda: histogram(values, 1)),
        "by-hand": (args.t, lambda: histogram(values, args.t)),
    }
    print(f"a histogram of {args.n} values in {reduction.BINS} bins")
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
