# A prange is compiled without OpenMP's flag, and nobody says so.
# expected  The answer is right, and thread 0 did it all: "threads [0, 0, 0, 0, 0, 0, 0, 0]".
# cause     prange becomes a pragma of C. A compiler without OpenMP's flag skips the pragma, and
#           what is left is an ordinary loop.
# fix       The flag, for the compiler and for the linker: -fopenmp, or what `make doctor` says.
# remember  Ask threadid() who did the work.
# flags     OpenMP's, but not for broken().

from cython.parallel cimport prange, threadid
from threadpoolctl import threadpool_info


def squares():
    cdef int i, total = 0
    cdef int threads[8]
    for i in prange(8, nogil=True, schedule="static", num_threads=2):
        threads[i] = threadid()
        total += i * i
    return f"the sum is {total}, by threads {list(threads)}"


def broken():
    return squares()


def fixed():
    return squares()


def observe(function):
    print("OpenMP's library:", *[found["prefix"] for found in threadpool_info()] or ["none"])
    return function()
