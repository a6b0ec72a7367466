"""The loops of add.c and mandelbrot.c in libraries: NumPy, numexpr and Numba.

    python more/peers.py mandelbrot

What is not installed is left out.
"""

import os
import sys
from functools import partial
from importlib import import_module

from bench import built, header, openmp_threads, read_options, row, run, stopwatch, verdict

THREADS = openmp_threads()
with built():
    import add
    import mandelbrot_cython
    import numpy as np

N, P, MOST = 10_000_000, 1024, 500  # as in add.c and mandelbrot.c
X, Y, WIDTH = mandelbrot_cython.VIEW


def with_numexpr(a, b, out):
    return import_module("numexpr").evaluate("a + b", {"a": a, "b": b}, out=out)


def with_numpy(counts):
    """All pixels a step at a time; every 8 steps those that are outside are dropped."""
    n = len(counts)
    middle, left = (np.arange(n) + 0.5 - n / 2) * WIDTH / n, np.arange(n * n)
    cr, ci, zr, zi = np.tile(X + middle, n), np.repeat(Y + middle, n), *np.zeros((2, n * n))
    for step in range(MOST):
        zr2, zi2 = zr * zr, zi * zi
        inside = zr2 + zi2 <= 4
        counts.ravel()[left] += inside
        zr, zi = zr2 - zi2 + cr, 2 * zr * zi + ci
        if step % 8 == 7:
            zr, zi, cr, ci, left = (part[inside] for part in (zr, zi, cr, ci, left))


def element_by_element(a, b, out):
    for i in prange(len(out)):
        out[i] = a[i] + b[i]


def pixel_by_pixel(counts):
    n = len(counts)
    for r in prange(n):
        ci = Y + (r + 0.5 - n / 2) * WIDTH / n
        for k in range(n):
            cr = X + (k + 0.5 - n / 2) * WIDTH / n
            zr, zi, count = 0.0, 0.0, 0
            while count < MOST and zr * zr + zi * zi <= 4:
                zr, zi = zr * zr - zi * zi + cr, 2 * zr * zi + ci
                count += 1
            counts[r, k] = count


def numba(function, parallel):
    global prange  # noqa: PLW0603 - the two functions take it from here
    prange = import_module("numba").prange
    return import_module("numba").njit(parallel=parallel, cache=parallel)(function)


def measure_add(function):
    a, b, out = add.vectors(N)
    function(a[:1], b[:1], out[:1])  # compiles it
    out.fill(np.nan)  # a version that leaves an element out cannot pass with an old sum
    took = add.time_of(partial(function, a, b, out))
    return *add.check(out), took, f"{24 * N / took.wall / 1e9:.1f}"


def measure_mandelbrot(function):
    counts, expected = np.zeros((2, P, P), np.uint32)
    mandelbrot_cython.compute(expected)
    function(np.zeros((1, 1), np.uint32))  # compiles it
    with stopwatch() as took:
        function(counts)
    return int(counts.sum(dtype=np.uint64)), np.array_equal(counts, expected), took, "-"


LOOPS = {"add": measure_add, "mandelbrot": measure_mandelbrot}
VERSIONS = [  # (loop, name, whether it uses threads, what returns its function)
    ("add", "numpy", False, lambda: np.add),
    ("add", "numexpr", True, lambda: with_numexpr),
    ("add", "numba-prange", True, partial(numba, element_by_element, True)),
    ("mandelbrot", "numpy", False, lambda: with_numpy),
    ("mandelbrot", "numba", False, partial(numba, pixel_by_pixel, False)),
    ("mandelbrot", "numba-prange", True, partial(numba, pixel_by_pixel, True)),
]


def main():
    loop = {"nargs": "?", "choices": LOOPS, "default": "add", "help": "(default: %(default)s)"}
    args = read_options(__doc__, loop=loop, t=(THREADS, 1, 256, "threads"))
    for name in "NUMBA_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS":
        os.environ[name] = str(args.t)  # read when the library is imported
    print(f"the loop of {args.loop}.c in libraries")
    header("GB/s")
    for _, version, parallel, make in (v for v in VERSIONS if v[0] == args.loop):
        try:
            row(version, args.t if parallel else 1, *LOOPS[args.loop](make()))
        except ImportError as error:  # it is missing, or refuses another package here
            print(f"{version} is left out: {error} (make peers adds what it can)", file=sys.stderr)
    verdict()


if __name__ == "__main__":
    run(main)
