# Two threads add to one element, beside a sum that each thread has for itself.
#
#     python mistakes/lost_updates.py

from cython.parallel cimport prange

cdef extern from "../tools/meet.h":
    struct meeting:
        pass
    int meet(meeting *, int n, double seconds) noexcept nogil

cdef meeting readers


def broken(long n):
    """Count to n in c[0]. The processor does c[0] += 1 in these steps: read, add, write."""
    cdef long i, value, c[1]
    c[0] = 0
    for i in prange(n, nogil=True, schedule="static", num_threads=2):
        value = c[0]
        if i == 0 or i == n // 2:  # the first of each thread
            meet(&readers, 2, 20)  # makes the unlucky moment certain
        c[0] = value + 1
    return c[0]


def fixed(long n):
    """Count to n in a number of its own for each thread, which OpenMP adds up: a reduction."""
    cdef long i, total = 0, c[1]
    for i in prange(n, nogil=True, schedule="static", num_threads=2):
        total += 1
    c[0] = total
    return c[0]
