"""The Mandelbrot set in Cython: one pixel at a time and 32, on one core and on all of them.

    python mandelbrot.py

Names, options, columns and answers are those of mandelbrot.c.
"""

import bench
from bench import built, enough_memory, header, row, run, stopwatch, verdict

THREADS = bench.openmp_threads()
with built():
    import mandelbrot_cython
    import numpy as np

VERSIONS = {"serial": {"lanes": False}, "simd": {}, "dynamic": {"schedule": "dynamic", "chunk": 1}}


def main():
    args = bench.read_options(
        __doc__,
        n=(1024, 1, 100_000, "rows, and pixels in a row"),
        i=(500, 1, 2**32 - 1, "most steps a pixel"),
        t=(THREADS, 1, 256, "threads"),
    )
    enough_memory(4 * args.n**2)
    counts = np.zeros((args.n, args.n), np.uint32)
    print(f"{args.n} x {args.n} pixels of the Mandelbrot set")
    header("imbalance")
    expected = None
    for version, how in VERSIONS.items():
        counts.fill(0)  # what is left out cannot pass with old counts
        threads = args.t if "schedule" in how else 1
        with stopwatch() as took:
            _, done = mandelbrot_cython.compute(counts, args.i, threads, **how)
        expected = counts.copy() if expected is None else expected
        right = np.array_equal(counts, expected)
        answer, imbalance = int(counts.sum(dtype=np.uint64)), done.max() / done.mean() - 1
        row(version, len(done), answer, right, took, f"{imbalance:.0%}")
    verdict()


if __name__ == "__main__":
    run(main)
