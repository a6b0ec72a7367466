# Python 3's words; no tests of indices, which go from 0 to a checked length; C's / and %; and a
# free-threaded Python keeps its GIL off when this is imported.
# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""Add two vectors of doubles on one core or on all of them.

a, b, out: C-contiguous float64 arrays of one shape (n,); out is writable, and is a or b itself or
shares no memory with them. threads: 1 to 256. Before anything is written, whatever is not so raises
ValueError, what is no array TypeError, and memory that its owner does not lend BufferError.
"""

cimport openmp
from cython.parallel cimport parallel, prange, threadid
from meet cimport meet, meeting

cdef extern from "stream.h":
    void add_stream(const double *a, const double *b, double *out, Py_ssize_t n) noexcept nogil

cdef enum:
    BLOCK = 16384  # elements that are streamed in one call


cdef Py_ssize_t checked(const double[::1] a, const double[::1] b, const double[::1] out,
                        Py_ssize_t threads) except -1:
    cdef Py_ssize_t n = a.shape[0]
    cdef Py_ssize_t x = <Py_ssize_t>&a[0], y = <Py_ssize_t>&b[0], z = <Py_ssize_t>&out[0]

    if b.shape[0] != n or out.shape[0] != n:
        raise ValueError(f"a, b and out differ in length: {n}, {b.shape[0]} and {out.shape[0]}")
    # In place (out is a) is fine: an element is read, then written, by one thread. Shifted by a
    # few elements, a thread would overwrite what another one has yet to read.
    if 0 < abs(x - z) < 8 * n or 0 < abs(y - z) < 8 * n:
        raise ValueError("out overlaps a or b without being the same array")
    if n > 0 and (x | y | z) & 7:  # C may assume that a double stands at a multiple of 8
        raise ValueError("a, b or out is not aligned")
    if not 1 <= threads <= 256:
        raise ValueError(f"threads: expected 1 to 256, not {threads}")
    return n


def add_serial(const double[::1] a not None, const double[::1] b not None,
               double[::1] out not None):
    """out = a + b on the calling thread, without the GIL."""
    cdef Py_ssize_t i, n = checked(a, b, out, 1)

    with nogil:
        for i in range(n):
            out[i] = a[i] + b[i]


def add_arrays(const double[::1] a not None, const double[::1] b not None,
               double[::1] out not None, Py_ssize_t threads):
    """out = a + b on several threads, without the GIL."""
    cdef Py_ssize_t i, n = checked(a, b, out, threads)

    # nogil=True releases the GIL once, around the whole loop.
    for i in prange(n, nogil=True, schedule="static", num_threads=threads):
        out[i] = a[i] + b[i]


def add_arrays_stream(const double[::1] a not None, const double[::1] b not None,
                      double[::1] out not None, Py_ssize_t threads):
    """add_arrays with streaming stores: for an out larger than the caches."""
    cdef Py_ssize_t i, n = checked(a, b, out, threads)

    for i in prange(0, n, BLOCK, nogil=True, schedule="static", num_threads=threads):
        add_stream(&a[i], &b[i], &out[i], min(<Py_ssize_t>BLOCK, n - i))


def add_repeatedly(const double[::1] a not None, const double[::1] b not None,
                   double[::1] out not None, Py_ssize_t threads, long enough, long times):
    """add_arrays so many times; with fewer than `enough` elements on one thread."""
    cdef Py_ssize_t i, n = checked(a, b, out, threads)

    with nogil:
        for _ in range(times):
            for i in prange(n, schedule="static", num_threads=threads, use_threads_if=n >= enough):
                out[i] = a[i] + b[i]


def team(Py_ssize_t n, Py_ssize_t threads):
    """Return whose is the first element of each eighth, and how many were there at one moment."""
    cdef Py_ssize_t i, part = (n + 7) // 8
    cdef int[8] thread_of
    cdef meeting here = meeting(inside=0, highest=0)

    if n < 1 or not 1 <= threads <= 256:
        raise ValueError(f"n: expected at least 1, not {n}; threads: 1 to 256, not {threads}")
    with nogil, parallel(num_threads=threads):
        for i in prange(n, schedule="static"):
            if i % part == 0:
                thread_of[i // part] = threadid()
        meet(&here, openmp.omp_get_num_threads(), 10)
    return [thread_of[i] for i in range((n + part - 1) // part)], here.highest
