# Does not compile: the block has released the GIL, and prange would do it once more.
# released_twice_fixed.pyx has a plain prange(n) there.

from cython.parallel cimport prange, threadid


def total(Py_ssize_t n):
    """Return the sum of 0 to n - 1, and the number of the thread that came to the end."""
    cdef Py_ssize_t i, result = 0
    cdef int last = 0
    with nogil:
        for i in prange(n, nogil=True, schedule="static", num_threads=2):
            result += i
            last = threadid()
    return result, last
