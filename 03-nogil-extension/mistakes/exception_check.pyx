# Two functions that cannot fail. One says so.
#
#     python mistakes/exception_check.py

cdef double checked_sum, unchecked_sum


cdef void checked(double x) nogil:
    global checked_sum
    checked_sum += x


cdef void unchecked(double x) noexcept nogil:
    global unchecked_sum
    unchecked_sum += x


def call_checked(Py_ssize_t n):
    """Call checked n times without the GIL; return the sum, which is n."""
    global checked_sum
    checked_sum = 0
    with nogil:
        for _ in range(n):
            checked(1)
    return checked_sum


def call_unchecked(Py_ssize_t n):
    """Call unchecked n times without the GIL; return the sum, which is n."""
    global unchecked_sum
    unchecked_sum = 0
    with nogil:
        for _ in range(n):
            unchecked(1)
    return unchecked_sum
