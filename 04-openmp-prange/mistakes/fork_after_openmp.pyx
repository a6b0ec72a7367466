# A parallel loop, with a message before it and one after it.
#
#     python mistakes/fork_after_openmp.py

from cython.parallel cimport prange, threadid

cdef extern from *:
    """
    #ifdef __clang__
    #define RUNTIME "libomp"
    #else
    #define RUNTIME "libgomp"
    #endif
    """
    const char *RUNTIME

runtime = RUNTIME.decode()


def work(tell):
    """Tell (a function) that the loop comes, then how many threads it had."""
    cdef int i, ids[2]
    tell("before the loop")
    for i in prange(2, nogil=True, schedule="static", num_threads=2):
        ids[i] = threadid()
    tell(f"after the loop of {len(set(ids))} threads")
