"""The Mandelbrot set in Cython: one pixel at a time and 32, on one core and on all of them.

    python mandelbrot.py

Names, options and answers are those of mandelbrot.c. `imbalance` is how much longer than the mean
the busiest thread worked.
"""

from bench import built, enough_memory, header, openmp_threads, row, run, stopwatch, verdict
from picture import out, panels, read_picture_options, write_png

THREADS = openmp_threads()
with built():
    import mandelbrot
    import numpy as np

SHOWN = 8  # of more threads, only so many are printed
VERSIONS = {
    "serial": {"lanes": False},
    "simd": {},
    "dynamic": {"schedule": "dynamic", "chunk": 1},
}


def cells(busy, wall):
    """Return the columns shares and imbalance."""
    shares = "|".join(f"{seconds / wall:.0%}" for seconds in busy[:SHOWN])
    more = "|..." if len(busy) > SHOWN else ""
    return shares + more, f"{max(busy) * len(busy) / sum(busy) - 1:.0%}"


def main():
    args = read_picture_options(__doc__, 1024, THREADS, out=out(None))
    enough_memory(4 * args.n**2)
    counts = np.zeros((args.n, args.n), np.uint32)
    print(f"{args.n} x {args.n} pixels; shares: of the time each was busy")
    header("shares", "imbalance")
    expected = None
    for version, how in VERSIONS.items():
        counts.fill(0)  # what is left out cannot pass with old counts
        threads = args.t if "schedule" in how else 1
        with stopwatch() as took:
            _, busy = mandelbrot.compute(counts, args.v, args.i, threads, **how)
        answer = int(counts.sum(dtype=np.uint64))
        expected = counts.copy() if expected is None else expected
        right = np.array_equal(counts, expected)
        row(version, len(busy), answer, right, took, *cells(busy, took.wall))
    if args.out is not None:
        write_png(args, counts, panels(args, counts))
    verdict()


if __name__ == "__main__":
    run(main)
