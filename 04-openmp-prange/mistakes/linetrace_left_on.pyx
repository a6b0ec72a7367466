# cython: linetrace=True
# The line above was for a coverage run. fixed() calls a function for which it is turned off.
#
#     python mistakes/linetrace_left_on.py

cimport cython
from cython.parallel cimport prange

cdef extern from "mistakes/counted_gil.h":
    long times_taken() noexcept nogil


cdef double square(double x) noexcept nogil:
    return x * x


@cython.profile(False)
@cython.linetrace(False)
cdef double untraced_square(double x) noexcept nogil:
    return x * x


def broken(Py_ssize_t n):
    """Return the sum of the squares of 0 to n - 1."""
    cdef Py_ssize_t i
    cdef double total = 0
    for i in prange(n, nogil=True, num_threads=2):
        total += square(i)
    return total


def fixed(Py_ssize_t n):
    """The same."""
    cdef Py_ssize_t i
    cdef double total = 0
    for i in prange(n, nogil=True, num_threads=2):
        total += untraced_square(i)
    return total


def taken():
    """Return how often the GIL was taken since the last call."""
    return times_taken()
