# A number that one iteration leaves to the next, beside a place for each thread.
# carried_over_refused.pyx has the other half of the story.
#
#     python mistakes/carried_over.py

from cython.parallel cimport prange, threadid


def broken(list numbers not None):
    """Return the largest of four positive numbers, or so it looks."""
    cdef double x[4], largest = 0
    cdef int i
    x[:] = numbers
    for i in prange(4, nogil=True, schedule="static", num_threads=2):
        if x[i] > largest:
            largest = x[i]
    return largest


def last(list numbers not None):
    """Return what a plain assignment in the loop leaves behind."""
    cdef double x[4], number = 0
    cdef int i
    x[:] = numbers
    for i in prange(4, nogil=True, schedule="static", num_threads=2):
        number = x[i]
    return number


def fixed(list numbers not None):
    """Return the largest of four numbers, in an element for each thread first."""
    cdef double x[4], largest[2]
    cdef int i
    x[:] = numbers
    largest[:] = [x[0], x[0]]
    for i in prange(4, nogil=True, schedule="static", num_threads=2):
        if x[i] > largest[threadid()]:
            largest[threadid()] = x[i]
    return max(largest[0], largest[1])
