# What object_in_nogil.pyx wants: the numbers lie in memory as C doubles, and the loop reads those.


def total(const double[::1] values not None):
    """Return the sum of a buffer of doubles, such as array.array("d", ...)."""
    cdef double value, result = 0
    cdef Py_ssize_t i, n = values.shape[0]
    with nogil:
        for i in range(n):
            value = values[i]
            result += value
    return result
