# A Python object is touched in a block without the GIL.
# expected  Cython refuses to compile broken(): "not allowed without gil".
# cause     values[i] is a Python float. Whoever reads it counts a reference to it, and another
#           thread may change the list at the same moment. Both need the GIL.
# fix       A memoryview instead of a list: C doubles in memory, and no Python objects.
# remember  First turn objects into numbers, then release the GIL.

from array import array


def broken(list values not None):
    cdef double total = 0
    cdef Py_ssize_t i, n = len(values)
    with nogil:
        for i in range(n):
            total += values[i]
    return total


def fixed(const double[::1] values not None):
    cdef double total = 0
    cdef Py_ssize_t i, n = values.shape[0]
    with nogil:
        for i in range(n):
            total += values[i]
    return total


def observe(function):
    assert function(array("d", range(1000))) == sum(range(1000))
    return "Cython compiles it, and the sum is right"
