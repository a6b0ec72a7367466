# Does not compile: += made total a reduction, of which each thread has a part, and nobody the sum.

from cython.parallel cimport prange


def steps(Py_ssize_t n):
    """Return how many iterations it takes until 0 + 1 + 2 + ... is 100."""
    cdef Py_ssize_t i, total = 0, result = 0
    for i in prange(n, nogil=True):
        total += i
        if total < 100:
            result += 1
    return result
