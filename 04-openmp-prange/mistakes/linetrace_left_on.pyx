# The directive linetrace=True was left on after a coverage run.
# expected  Nobody traces, and nothing needs the GIL, and yet it is taken "2 times a call".
# cause     Each function looks for a tracer when it begins and ends, and needs the GIL for that.
#           From CPython 3.13 on it does so only in builds with CYTHON_TRACE_NOGIL, as for coverage.
# fix       Remove the directive, and let the coverage run pass -X linetrace=True to cython. Or
#           turn both off for one function: @cython.profile(False), @cython.linetrace(False).
# remember  Builds for coverage are not for speed.
# cython: linetrace=True

from time import perf_counter

cimport cython
from cython.parallel cimport prange
from gil_taken cimport taken

cdef extern from *:
    "#define CYTHON_TRACE_NOGIL 1"  # as builds for coverage do


cdef double square(double x) noexcept nogil:
    return x * x


@cython.profile(False)
@cython.linetrace(False)
cdef double untraced_square(double x) noexcept nogil:
    return x * x


def broken(int n):
    cdef int i
    cdef double total = 0
    for i in prange(n, nogil=True, num_threads=2):
        total += square(i)
    return total


def fixed(int n):
    cdef int i
    cdef double total = 0
    for i in prange(n, nogil=True, num_threads=2):
        total += untraced_square(i)
    return total


def observe(function):
    start = perf_counter()
    assert function(200_000) == 2_666_646_666_700_000
    spent = (perf_counter() - start) / 200_000 * 1e9
    return f"GIL taken {taken // 200_000} times a call of {spent:.1f} ns"
