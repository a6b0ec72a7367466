# Does not compile: without the GIL, a list and what is in it may not be touched.
# object_in_nogil_fixed.pyx has the same sum of a memoryview.


def total(list values not None):
    """Return the sum of the floats in values."""
    cdef double value, result = 0
    cdef Py_ssize_t i, n = len(values)
    with nogil:
        for i in range(n):
            value = values[i]
            result += value
    return result
