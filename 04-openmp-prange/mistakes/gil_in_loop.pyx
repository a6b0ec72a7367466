# The GIL is taken in the loop, for one small thing an iteration.
# expected  "GIL taken 1 times" in each iteration, and two threads are no faster than one.
# cause     The threads wait for each other in each iteration, and for all other Python threads.
# fix       Turn objects into numbers before the loop. Touch Python after it, or seldom.
# remember  The GIL has no place in an inner loop.

from time import perf_counter

from cython.parallel cimport prange
from gil_taken cimport taken


def broken(int n, list prices not None, int threads):
    cdef int i
    cdef double total = 0
    for i in prange(n, nogil=True, num_threads=threads):
        with gil:
            total += <double>prices[i & 3]
    return total


def fixed(int n, list prices not None, int threads):
    cdef int i
    cdef double total = 0
    cdef double[4] numbers = prices
    for i in prange(n, nogil=True, num_threads=threads):
        total += numbers[i & 3]
    return total


def observe(function):
    for threads in 1, 2:
        start = perf_counter()
        assert function(200_000, [1.0, 2.0, 3.0, 4.0], threads) == 500_000
        spent = (perf_counter() - start) / 200_000 * 1e9
        print(f"threads: {threads}, {spent:.1f} ns an iteration")
    return f"GIL taken {taken // 400_000} times an iteration"
