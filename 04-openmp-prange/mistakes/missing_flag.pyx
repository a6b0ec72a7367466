# A right prange. Whether it is parallel is up to the compiler's flags.
#
#     python mistakes/missing_flag.py

from cython.parallel cimport prange, threadid


def squares():
    """Return the sum of the squares of 0 to 7, and the number of the thread that had each."""
    cdef int i, ids[8]
    cdef long total = 0
    for i in prange(8, nogil=True, schedule="static", num_threads=2):
        ids[i] = threadid()
        total += i * i
    return total, list(ids)
