# The GIL is released twice: by a block, and by the prange in it.
# expected  Cython refuses to compile broken(): "Trying to release the GIL while it was previously".
# cause     nogil=True releases the GIL around the loop. The block has released it already, and a
#           thread cannot release what it does not hold.
# fix       A plain prange(n) in the block; or prange(n, nogil=True) without a block.
# remember  Release the GIL in one visible place.

from cython.parallel cimport prange, threadid


def broken(Py_ssize_t n):
    cdef Py_ssize_t i, total = 0, last = 0
    with nogil:
        for i in prange(n, nogil=True, schedule="static", num_threads=2):
            total += i
            last = threadid()
    return total, last


def fixed(Py_ssize_t n):
    cdef Py_ssize_t i, total = 0, last = 0
    with nogil:
        for i in prange(n, schedule="static", num_threads=2):
            total += i
            last = threadid()
    return total, last


def observe(function):
    assert function(1000) == (sum(range(1000)), 1)
    return "Cython compiles it; the sum is right, and threads 0 and 1 have added it up"
