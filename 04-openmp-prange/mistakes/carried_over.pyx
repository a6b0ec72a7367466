# A number is carried from one iteration of a prange to the next.
# expected  Cython refuses broken(): "Cannot read reduction variable"; and the largest is "not 9.0".
# cause     Assigned with =, a number is private to each thread, and the last iteration's thread
#           decides what is left of it. Assigned with +=, it is a reduction: each thread has a part
#           of the sum, and only after the loop the parts are added up.
# fix       An element for each thread, largest[threadid()]. What needs the iterations before, as
#           broken() does, is no work for a prange.
# remember  One iteration may not need another one.

from cython.parallel cimport prange, threadid


cdef double[4] x = [3, 9, 2, 5]  # thread 0 has the first two, thread 1 the others


def broken():
    cdef int i, steps = 0
    cdef double total = 0
    for i in prange(4, nogil=True, schedule="static", num_threads=2):
        total += x[i]
        if total < 10:
            steps += 1
    return steps


def broken_largest():
    cdef int i
    cdef double largest = 0
    for i in prange(4, nogil=True, schedule="static", num_threads=2):
        if x[i] > largest:
            largest = x[i]
    return largest


def fixed_largest():
    cdef int i
    cdef double[2] largest = [0, 0]
    for i in prange(4, nogil=True, schedule="static", num_threads=2):
        if x[i] > largest[threadid()]:
            largest[threadid()] = x[i]
    return max(largest)


def observe(function):
    largest = function()
    return f"the largest of {x} is {largest}" + ", and not 9.0" * (largest != 9)
