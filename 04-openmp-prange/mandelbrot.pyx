# The directives of parallel_add.pyx, for the reasons given there.
# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""The Mandelbrot set: each pixel's count of steps, on one core or on all of them."""

from operator import index

cimport openmp
from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport uint8_t, uint32_t

import numpy as np

cdef extern from "pixels.h":
    const double X, Y, WIDTH
    double center(double middle, size_t i, size_t n) noexcept nogil
    void in_lanes(size_t n, size_t r, uint32_t most, uint32_t *counts) noexcept nogil

VIEW = X, Y, WIDTH
SCHEDULES = {"static": openmp.omp_sched_static, "dynamic": openmp.omp_sched_dynamic}


cdef void one_by_one(Py_ssize_t n, Py_ssize_t r, uint32_t most, uint32_t *counts) noexcept nogil:
    cdef double cr, zr, zi, larger, ci = center(Y, r, n)
    cdef uint32_t count
    cdef Py_ssize_t k

    for k in range(n):
        cr = center(X, k, n)
        zr = zi = count = 0
        while count < most and zr * zr + zi * zi <= 4:
            larger = zr * zr - zi * zi + cr
            zi = 2 * zr * zi + ci
            zr = larger
            count += 1
        counts[k] = count


cdef checked(name, value, low, high):
    if not low <= index(value) <= high:  # index: 2.5 is no number of threads
        raise ValueError(f"{name}: expected {low} to {high}, not {value}")
    return index(value)


def compute(uint32_t[:, ::1] counts not None, iterations=500, threads=1, schedule="static",
            chunk=0, bint lanes=True):
    """Count the steps z = z*z + c that each pixel's c takes while |z|^2 <= 4, without the GIL.

    counts: uint32 array of shape (n, n), to be filled. schedule: static or dynamic, in chunks of
    `chunk` rows (0: OpenMP's own choice). Returns arrays: the thread of each row, and after how
    many seconds each thread was done. Raises ValueError or TypeError before anything is written.
    """
    cdef Py_ssize_t r, n = counts.shape[0]
    cdef uint32_t most = checked("iterations", iterations, 1, 2**32 - 1)
    cdef int team = checked("threads", threads, 1, 256)
    cdef uint8_t[::1] owners = np.zeros(n, np.uint8)
    cdef double[::1] done = np.full(team, -1.0)  # of a thread that does not come
    cdef double begin = openmp.omp_get_wtime()

    if counts.shape[1] != n or schedule not in SCHEDULES:
        raise ValueError(f"expected n x n counts and one of {', '.join(SCHEDULES)}")
    openmp.omp_set_schedule(SCHEDULES[schedule], checked("chunk", chunk, 0, 2**31 - 1))
    with nogil, parallel(num_threads=team):
        done[threadid()] = 0
        for r in prange(n, schedule="runtime"):  # what omp_set_schedule said
            if lanes:
                in_lanes(n, r, most, &counts[r, 0])
            else:
                one_by_one(n, r, most, &counts[r, 0])
            owners[r] = threadid()
            done[threadid()] = openmp.omp_get_wtime() - begin
    return np.asarray(owners), np.asarray(done)[np.asarray(done) >= 0]
