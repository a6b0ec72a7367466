# The directives of parallel_add.pyx, for the reasons given there.
# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
"""The Mandelbrot set: each pixel's count of steps, on one core or on all of them."""

from libc.math cimport isfinite
from libc.stdint cimport int64_t, uint8_t, uint32_t
from posix.time cimport CLOCK_THREAD_CPUTIME_ID, clock_gettime, timespec

from operator import index

cimport openmp
from cython.parallel cimport parallel, prange, threadid

cdef enum:
    LANES = 32  # pixels at a time
    MAX_THREADS = 256
    APART = 16  # doubles: no two threads write to one pair of cache lines

SCHEDULES = {
    "static": openmp.omp_sched_static,
    "dynamic": openmp.omp_sched_dynamic,
    "guided": openmp.omp_sched_guided,
}


cdef struct View:
    double x, y, width
    Py_ssize_t rows, columns
    uint32_t most


cdef double center(double middle, Py_ssize_t i, Py_ssize_t n, const View *view) noexcept nogil:
    return middle + (i + 0.5 - n / 2.0) * view.width / view.columns


cdef void one_by_one(const View *view, Py_ssize_t r, uint32_t *counts) noexcept nogil:
    cdef double cr, zr, zi, larger, ci = center(view.y, r, view.rows, view)
    cdef uint32_t count
    cdef Py_ssize_t k

    for k in range(view.columns):
        cr = center(view.x, k, view.columns, view)
        zr = zi = count = 0
        while count < view.most and zr * zr + zi * zi <= 4:
            larger = zr * zr - zi * zi + cr
            zi = 2 * zr * zi + ci
            zr = larger
            count += 1
        counts[k] = count


# No directive asks for vector registers here: at -O3 the C compiler sees by itself that the lanes
# are independent. One that is outside stays there: its z grows to infinity, and then is NaN.
cdef void in_lanes(const View *view, Py_ssize_t r, uint32_t *counts) noexcept nogil:
    cdef double zr2, zi2, ci = center(view.y, r, view.rows, view)
    cdef double[LANES] cr, zr, zi
    cdef int64_t[LANES] count  # as wide as a double: one kind of register
    cdef int64_t going, inside
    cdef Py_ssize_t block, k, lane
    cdef uint32_t step

    for block in range((view.columns + LANES - 1) // LANES):
        k = block * LANES
        for lane in range(LANES):
            cr[lane] = center(view.x, k + lane, view.columns, view)
            zr[lane] = zi[lane] = count[lane] = 0
        step, inside = 0, LANES
        while step < view.most and inside > 0:
            inside = 0
            for lane in range(LANES):
                zr2, zi2 = zr[lane] * zr[lane], zi[lane] * zi[lane]
                going = zr2 + zi2 <= 4
                count[lane] += going
                inside += going
                zi[lane] = 2 * zr[lane] * zi[lane] + ci
                zr[lane] = zr2 - zi2 + cr[lane]
            step += 1
        for lane in range(min(<Py_ssize_t>LANES, view.columns - k)):
            counts[k + lane] = <uint32_t>count[lane]


cdef double cpu_seconds() noexcept nogil:
    cdef timespec t

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t)
    return t.tv_sec + t.tv_nsec * 1e-9


cdef checked(name, value, low, high):
    if not low <= index(value) <= high:  # index: 2.5 is no number of threads
        raise ValueError(f"{name}: expected {low} to {high}, not {value}")
    return index(value)


def compute(uint32_t[:, ::1] counts not None, view=(-0.6, 0.65, 2.0), iterations=500, threads=1,
            schedule="static", chunk=0, bint lanes=True):
    """Count the steps z = z*z + c that each pixel's c takes while |z|^2 <= 4, without the GIL.

    counts: C-contiguous uint32 array of shape (rows, columns), to be filled. view: (x, y, width),
    the plane's point in the middle, and how much of it the columns show. iterations: most steps,
    1 to 2**32 - 1. threads: 1 to 256. schedule: static, dynamic or guided, in chunks of `chunk`
    rows (0: OpenMP's own choice). lanes: 32 pixels at a time.

    Returns (owners, busy): the thread of each row, as bytes, and the CPU seconds that each thread
    of the team worked. Raises, before anything is written, ValueError for a number, view or
    schedule out of range, another dtype or dimension, gaps between elements or a read-only array;
    TypeError for None or what is no array.
    """
    cdef Py_ssize_t r, rows = counts.shape[0]
    cdef int team = checked("threads", threads, 1, MAX_THREADS)
    cdef View seen
    cdef openmp.omp_sched_t callers
    cdef int callers_chunk = 0
    cdef bytearray owners = bytearray(rows)
    cdef uint8_t[::1] owner = owners
    cdef double begin = 0
    cdef double[MAX_THREADS * APART] busy

    seen.x, seen.y, seen.width = view
    seen.rows, seen.columns = rows, counts.shape[1]
    seen.most = checked("iterations", iterations, 1, 2**32 - 1)
    if not (isfinite(seen.x) and isfinite(seen.y) and 0 < seen.width < float("inf")):
        raise ValueError(f"view: expected finite numbers, the width above 0, not {view}")
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule: expected {', '.join(SCHEDULES)}, not {schedule!r}")
    for r in range(team):
        busy[r * APART] = -1
    step = checked("chunk", chunk, 0, 2**31 - 1)
    openmp.omp_get_schedule(&callers, &callers_chunk)
    openmp.omp_set_schedule(SCHEDULES[schedule], step)
    with nogil, parallel(num_threads=team):
        begin = cpu_seconds()
        busy[threadid() * APART] = 0
        for r in prange(rows, schedule="runtime"):  # what omp_set_schedule said
            if lanes:
                in_lanes(&seen, r, &counts[r, 0])
            else:
                one_by_one(&seen, r, &counts[r, 0])
            owner[r] = <uint8_t>threadid()
            # Row by row, since at the end of the loop a thread that is done spins.
            busy[threadid() * APART] = cpu_seconds() - begin
    openmp.omp_set_schedule(callers, callers_chunk)  # what other loops of this thread have asked for
    return bytes(owners), [busy[r * APART] for r in range(team) if busy[r * APART] >= 0]
