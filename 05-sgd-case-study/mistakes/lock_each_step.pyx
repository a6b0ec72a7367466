# A lock around each step: no step is lost, and no time is won.
# expected  Only "1 of 2 threads" is in a step at one moment.
# cause     The thread that has the lock works, and the other thread waits for the lock. A step
#           takes tens of nanoseconds, and even taking a free lock takes about as long.
# fix       Each thread has weights of its own. The threads meet once an epoch, not once a row.
# remember  A lock around all the work leaves one thread at work.

from cython.parallel cimport prange, threadid
from meet cimport meet, meeting
from openmp cimport omp_init_lock, omp_lock_t, omp_set_lock, omp_unset_lock

cdef omp_lock_t lock
cdef meeting room
cdef float[2][32] rows = [[1] * 32] * 2
cdef float[2][32] weights  # of two threads, or of both; zeros
omp_init_lock(&lock)


cdef void step(const float *row, float *weights, double seconds) noexcept nogil:
    cdef float margin = 0
    meet(&room, 2, seconds)  # with a lock, the wait for the other thread is in vain
    for j in range(32):
        margin += weights[j] * row[j]
    for j in range(32):
        weights[j] += 0.01 * (1 - margin) * row[j]


def broken():
    cdef int i
    for i in prange(2, nogil=True, schedule="static", num_threads=2):
        omp_set_lock(&lock)
        step(rows[i], weights[0], 0.2)
        omp_unset_lock(&lock)


def fixed():
    cdef int i
    for i in prange(2, nogil=True, schedule="static", num_threads=2):
        step(rows[i], weights[threadid()], 20)


def observe(function):
    function()
    total = (weights[0][0] + weights[1][0]) / 0.01
    assert round(total, 3) in (1.68, 2)  # two steps, one after the other or apart: none is lost
    return f"no step is lost, and {room.highest} of 2 threads in a step at one moment"
