# One small `with gil:` in the loop, beside a loop that has no need of it.
#
#     python mistakes/gil_in_loop.py

from cython.parallel cimport prange

cdef extern from "mistakes/counted_gil.h":
    long times_taken() noexcept nogil


def broken(Py_ssize_t n, list prices not None, int threads):
    """Return the sum of n prices, over and over the four in the list."""
    cdef Py_ssize_t i
    cdef double total = 0
    for i in prange(n, nogil=True, num_threads=threads):
        with gil:
            total += <double>prices[i & 3]
    return total


def fixed(Py_ssize_t n, list prices not None, int threads):
    """The same, of numbers that were taken out of the list before the loop."""
    cdef Py_ssize_t i
    cdef double total = 0, numbers[4]
    for i in range(4):
        numbers[i] = prices[i]
    for i in prange(n, nogil=True, num_threads=threads):
        total += numbers[i & 3]
    return total


def taken():
    """Return how often the GIL was taken since the last call."""
    return times_taken()
