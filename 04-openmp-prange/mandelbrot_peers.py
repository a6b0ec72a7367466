"""The Mandelbrot set with NumPy and Numba.

    python mandelbrot_peers.py

Options and answers are those of mandelbrot.c.
"""

from functools import partial
from importlib import import_module

from add_peers import measure_each
from bench import built, enough_memory, header, openmp_threads, run, stopwatch
from picture import read_picture_options

THREADS = openmp_threads()
with built():
    import mandelbrot
    import numpy as np


def step_by_step(counts, view, most):
    """All pixels a step at a time; every 8 steps those that are outside are dropped."""
    (x, y, width), n = view, len(counts)
    middle = np.arange(n) + 0.5 - n / 2
    ci, cr = np.meshgrid(y + middle * width / n, x + middle * width / n, indexing="ij")
    z_and_c, left = [np.zeros(n * n), np.zeros(n * n), cr.ravel(), ci.ravel()], np.arange(n * n)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(most):
            zr, zi, cr, ci = z_and_c
            zr2, zi2 = zr * zr, zi * zi
            inside = zr2 + zi2 <= 4
            counts.ravel()[left] += inside
            z_and_c = [zr2 - zi2 + cr, 2 * zr * zi + ci, cr, ci]
            if step % 8 == 7:
                z_and_c, left = [part[inside] for part in z_and_c], left[inside]


def with_numpy(counts, view, most):
    return partial(step_by_step, counts, view, most)


def with_numba(counts, view, most, parallel=False):
    numba = import_module("numba")

    @numba.njit(parallel=parallel, cache=parallel)  # the cache would not tell it from the other
    def compute(counts, x, y, width, most):
        n = counts.shape[0]
        for r in numba.prange(n):
            ci = y + (r + 0.5 - n / 2) * width / n
            for k in range(n):
                cr = x + (k + 0.5 - n / 2) * width / n
                zr = zi = 0.0
                count = 0
                while count < most and zr * zr + zi * zi <= 4:
                    zr, zi = zr * zr - zi * zi + cr, 2 * zr * zi + ci
                    count += 1
                counts[r, k] = count

    compute(counts[:1, :1], *view, most)  # compiles it
    return partial(compute, counts, *view, most)


def measure(make, n, view, most):
    enough_memory(4 * n**2)
    counts = np.zeros((n, n), np.uint32)
    expected = np.empty_like(counts)
    compute = make(counts, view, most)
    counts.fill(0)
    with stopwatch() as took:
        compute()
    mandelbrot.compute(expected, view, most)
    return int(counts.sum(dtype=np.uint64)), np.array_equal(counts, expected), took


VERSIONS = {
    "numpy": (with_numpy, False),
    "numba": (with_numba, False),
    "numba-prange": (partial(with_numba, parallel=True), True),
}


def main():
    args = read_picture_options(__doc__, 1024, THREADS)
    print(f"{args.n} x {args.n} pixels of the Mandelbrot set")
    header()
    measure_each(VERSIONS, measure, args.t, args.n, args.v, args.i)


if __name__ == "__main__":
    run(main)
