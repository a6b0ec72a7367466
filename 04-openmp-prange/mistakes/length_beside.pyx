# The length comes as a number of its own, or from the arrays.
#
#     python mistakes/length_beside.py
#
# As fast loops are: no index is checked.
# cython: boundscheck=False, wraparound=False

from cython.parallel cimport prange


def broken(const double[::1] x not None, double[::1] out not None, int n):
    """out = 2 x, for n elements, whatever n is."""
    cdef int i
    for i in prange(n, nogil=True, num_threads=2):
        out[i] = 2 * x[i]


def fixed(const double[::1] x not None, double[::1] out not None):
    """out = 2 x. Raises ValueError where the lengths differ."""
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError(f"x has {n} elements, out has {out.shape[0]}")
    for i in prange(n, nogil=True, num_threads=2):
        out[i] = 2 * x[i]
