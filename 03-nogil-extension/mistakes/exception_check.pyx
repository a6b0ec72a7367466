# A `void` function in Cython does not say that it cannot raise.
# expected  Each call takes the GIL, inside `with nogil:`: "GIL taken 300,000 times".
# cause     As far as Cython can tell, checked() may raise an exception, and `void` has no value
#           that says so. The caller must ask Python after every call, with the GIL.
# fix       `noexcept` in the signature. Or `int` instead of `void`: the caller asks only when it
#           gets the number that stands for an exception.
# remember  A function that cannot raise an exception should say so.

from time import perf_counter

from gil_taken cimport taken

cdef double total = 0


cdef void checked(double step) nogil:
    global total
    total += step


cdef void unchecked(double step) noexcept nogil:
    global total
    total += step


def broken(long n):
    with nogil:
        for _ in range(n):
            checked(1)


def fixed(long n):
    with nogil:
        for _ in range(n):
            unchecked(1)


def observe(function):
    start = perf_counter()
    function(300_000)
    spent = (perf_counter() - start) / 300_000 * 1e9
    assert total == 300_000
    return f"GIL taken {taken:,} times in 300,000 calls of {spent:.1f} ns each"
