# The directives of parallel_add.pyx, for the reasons given there.
# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""Many numbers in, few out: a histogram and a sum, on several threads."""

from operator import index

from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport uint32_t, uint64_t

import numpy as np

cdef enum:
    BINS = 256
    BLOCK = 4096


cdef int checked_team(threads) except -1:
    if not 1 <= index(threads) <= 256:  # index: 2.5 is no number of threads
        raise ValueError(f"threads: expected 1 to 256, not {threads}")
    return index(threads)


def histogram(const uint32_t[::1] values not None, threads=1):
    """Return how many values are in each of 256 bins, by their bits 16 to 23.

    Raises ValueError or TypeError for anything but uint32 values of shape (n,) and 1 to 256 threads.
    """
    cdef Py_ssize_t i
    cdef int team = checked_team(threads)
    cdef uint64_t[:, ::1] counts = np.zeros((team, BINS), np.uint64)
    cdef uint64_t *own

    with nogil, parallel(num_threads=team):
        own = &counts[threadid(), 0]  # with counts[0, 0], updates would be lost
        for i in prange(values.shape[0], schedule="static"):
            own[values[i] >> 16 & 255] += 1
    return np.sum(counts, axis=0)


def sum_by_reduction(const float[::1] values not None, threads=1):
    """Return the sum of float32. Its last digits depend on the number of threads."""
    cdef Py_ssize_t i
    cdef int team = checked_team(threads)
    cdef float total = 0

    for i in prange(values.shape[0], nogil=True, schedule="static", num_threads=team):
        total += values[i]  # += makes it a reduction: each thread has a total of its own
    return total


cdef float sum_of(const float *values, Py_ssize_t n) noexcept nogil:
    cdef float total = 0
    cdef Py_ssize_t i

    for i in range(n):
        total += values[i]
    return total


def sum_by_blocks(const float[::1] values not None, threads=1):
    """Return the sum of float32: the same to the last bit on any number of threads."""
    cdef Py_ssize_t b, n = values.shape[0], blocks = (n + BLOCK - 1) // BLOCK
    cdef int team = checked_team(threads)
    cdef float[::1] sums = np.zeros(blocks + 1, np.float32)

    for b in prange(blocks, nogil=True, schedule="static", num_threads=team):
        sums[b] = sum_of(&values[b * BLOCK], min(<Py_ssize_t>BLOCK, n - b * BLOCK))
    return sum_of(&sums[0], blocks)
