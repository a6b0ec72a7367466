# The directives of parallel_add.pyx, for the reasons given there.
# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""Many numbers in, few out: a histogram and a sum, on several threads."""

from operator import index

from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport uint32_t, uint64_t

cdef enum:
    C_BINS = 256
    C_BLOCK = 4096
    MAX_THREADS = 256

BINS, BLOCK = C_BINS, C_BLOCK


cdef int checked_team(threads) except -1:
    if not 1 <= index(threads) <= MAX_THREADS:  # index: 2.5 is no number of threads
        raise ValueError(f"threads: expected 1 to {MAX_THREADS}, not {threads}")
    return index(threads)


def histogram(const uint32_t[::1] values not None, uint64_t[:, ::1] counts not None):
    """Count values into 256 bins, by their bits 16 to 23, on as many threads as counts has rows.

    values: C-contiguous uint32 array of shape (n,). counts: C-contiguous uint64 array of shape
    (threads, 256), added to; each thread has a row, and the sum of the rows is the histogram.

    Raises, before anything is counted, ValueError for another shape or dtype or for gaps between
    elements, TypeError for None.
    """
    cdef Py_ssize_t i
    cdef int team = checked_team(counts.shape[0])
    cdef uint64_t *own

    if counts.shape[1] != C_BINS:
        raise ValueError(f"counts: expected {C_BINS} columns, not {counts.shape[1]}")
    with nogil, parallel(num_threads=team):
        own = &counts[threadid(), 0]  # with counts[0, 0], updates would be lost
        for i in prange(values.shape[0], schedule="static"):
            own[values[i] >> 16 & 255] += 1


def sum_by_reduction(const float[::1] values not None, threads=1):
    """Return the sum, as float32. Its last digits depend on the number of threads.

    values: C-contiguous float32 array of shape (n,). threads: 1 to 256. Raises ValueError or
    TypeError for anything else.
    """
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


def sum_by_blocks(const float[::1] values not None, float[::1] sums not None, threads=1):
    """Return the sum, as float32: the same to the last bit on any number of threads.

    values: as for sum_by_reduction. sums: float32 array with a place for each block of 4096
    values; it is filled with their sums. Raises ValueError or TypeError for anything else.
    """
    cdef Py_ssize_t b, n = values.shape[0], blocks = (n + C_BLOCK - 1) // C_BLOCK
    cdef int team = checked_team(threads)

    if sums.shape[0] != blocks:
        raise ValueError(f"sums: expected {blocks} places, not {sums.shape[0]}")
    for b in prange(blocks, nogil=True, schedule="static", num_threads=team):
        sums[b] = sum_of(&values[b * C_BLOCK], min(<Py_ssize_t>C_BLOCK, n - b * C_BLOCK))
    return sum_of(&sums[0], blocks) if blocks else 0.0
