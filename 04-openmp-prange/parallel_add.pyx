# The words are Python 3's: print is a function, text is unicode.
# cython: language_level=3
# Every index below is from 0 to a length that was checked: a test at each access would only cost.
# cython: boundscheck=False
# ... and none is negative.
# cython: wraparound=False
# ... and none is divided by zero, so / and % can be C's.
# cython: cdivision=True
# Importing this must not switch the GIL back on in a free-threaded Python. It keeps no state.
# cython: freethreading_compatible=True
"""Add two vectors of doubles on one core or on all of them.

Build it with OpenMP in the compile *and* in the link flags (setup.py): without them prange is
an ordinary loop, and nobody says so. team_ids() shows which it is.
"""

from operator import index

from cython.parallel cimport parallel, prange, threadid

cdef extern from "stream.h":
    int HAS_STREAM
    int STREAM_BLOCK
    void add_stream_part "add_stream" (
        const double *a, const double *b, double *out, Py_ssize_t n) noexcept nogil

cdef extern from "../tools/meet.h":
    struct meeting:
        int inside, highest
    int meet(meeting *, int n, double seconds) noexcept nogil

STREAMING = bool(HAS_STREAM)  # False: this processor's add_arrays_stream is a plain loop
cdef enum:
    MAX_THREADS = 256
    PARTS = 8


cdef bint overlap(size_t x, size_t out, Py_ssize_t n) noexcept:
    return x != out and x < out + n * sizeof(double) and out < x + n * sizeof(double)


cdef Py_ssize_t checked_length(
        const double[::1] a, const double[::1] b, const double[::1] out) except -1:
    cdef Py_ssize_t n = a.shape[0]
    cdef size_t x, y, z

    if b.shape[0] != n or out.shape[0] != n:
        raise ValueError(
            f"a, b and out differ in length: {n}, {b.shape[0]} and {out.shape[0]}")
    # In place (out is a) is fine: an element is read, then written, by one thread. Shifted by a
    # few elements, a thread would overwrite what another one has yet to read.
    if n > 0:
        x, y, z = <size_t>&a[0], <size_t>&b[0], <size_t>&out[0]
        if overlap(x, z, n) or overlap(y, z, n):
            raise ValueError("out overlaps a or b without being the same array")
        if (x | y | z) % sizeof(double):  # C may assume that a double stands at a multiple of 8
            raise ValueError("a, b or out is not aligned")
    return n


cdef int checked_team(threads) except -1:
    """0 stays 0, which is "as many as OpenMP likes" in num_threads=."""
    if not 0 <= index(threads) <= MAX_THREADS:  # index: 2.5 is no number of threads
        raise ValueError(f"threads: expected 0 (OpenMP's default) or 1 to 256, not {threads}")
    return index(threads)


def add_serial(const double[::1] a not None, const double[::1] b not None,
               double[::1] out not None):
    """out = a + b on the calling thread, without the GIL. Arguments as for add_arrays."""
    cdef Py_ssize_t i, n = checked_length(a, b, out)

    with nogil:
        for i in range(n):
            out[i] = a[i] + b[i]


def add_arrays(const double[::1] a not None, const double[::1] b not None,
               double[::1] out not None, threads=0):
    """out = a + b on several threads, without the GIL.

    a, b, out: C-contiguous float64 arrays of one shape (n,); out is writable, and is either a
    or b themselves or shares no memory with them. threads: 1 to 256, or 0 for OpenMP's default.

    Raises, before anything is written: ValueError for different lengths, another dtype or
    dimension, gaps between elements, a read-only out, an overlap, elements that are not aligned, a
    wrong number of threads; TypeError for None or what is no array; BufferError if the owner
    refuses to lend its memory.
    """
    cdef Py_ssize_t i, n = checked_length(a, b, out)
    cdef int team = checked_team(threads)

    # nogil=True releases the GIL once, around the whole loop.
    for i in prange(n, nogil=True, schedule="static", num_threads=team):
        out[i] = a[i] + b[i]


def add_arrays_stream(const double[::1] a not None, const double[::1] b not None,
                      double[::1] out not None, threads=0):
    """add_arrays with streaming stores: for an out larger than the caches."""
    cdef Py_ssize_t i, n = checked_length(a, b, out)
    cdef int team = checked_team(threads)

    for i in prange(0, n, STREAM_BLOCK, nogil=True, schedule="static", num_threads=team):
        add_stream_part(&a[i], &b[i], &out[i], min(<Py_ssize_t>STREAM_BLOCK, n - i))


def add_repeatedly(const double[::1] a not None, const double[::1] b not None,
                   double[::1] out not None, threads, smallest, repeats):
    """add_arrays so many times, for sizes.py; with fewer than `smallest` elements on one thread."""
    cdef Py_ssize_t i, least = smallest, times = repeats, n = checked_length(a, b, out)
    cdef int team = checked_team(threads)

    with nogil:
        for _ in range(times):
            for i in prange(n, schedule="static", num_threads=team, use_threads_if=n >= least):
                out[i] = a[i] + b[i]


def team_ids(Py_ssize_t n, threads=0):
    """Return the id of the thread that add_arrays gives the first element of each eighth of n.

    Fewer than 8 ids for a small n. Raises ValueError for a wrong number of threads or n < 1.
    """
    cdef Py_ssize_t i, part = (n + PARTS - 1) // PARTS
    cdef int team = checked_team(threads)
    cdef int ids[PARTS]

    if n < 1:
        raise ValueError(f"n: expected at least 1, not {n}")
    for i in prange(n, nogil=True, schedule="static", num_threads=team):
        if i % part == 0:
            ids[i // part] = threadid()
    return [ids[i] for i in range((n + part - 1) // part)]


def inside(threads):
    """Return how many threads are in a parallel block at the same time; they wait for each other.

    threads: 1 to 256, and not OpenMP's default, which may be more. Raises ValueError otherwise.
    """
    cdef int team = checked_team(threads)
    cdef meeting here = meeting(inside=0, highest=0)

    if team < 1:
        raise ValueError(f"threads: expected 1 to {MAX_THREADS}, not {threads}")
    with nogil, parallel(num_threads=team):
        meet(&here, team, 10)
    return here.highest
