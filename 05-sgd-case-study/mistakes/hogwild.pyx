# Hogwild! on dense rows: with atomics there is no data race, and steps are lost all the same.
# expected  Two threads take a step at the same moment, and still "1 of 2 steps is lost".
# cause     Each read is atomic and each write is atomic, but a step is a read and then a write.
#           Atomics are slow, too, because they cannot use the vector registers.
# fix       Each thread has weights of its own. Hogwild! is for sparse rows, where two threads
#           hardly ever change the same weight. Here each step changes all 32.
# remember  Atomic is not the same as right.

from cython.parallel cimport prange, threadid
from meet cimport meet, meeting

cdef extern from * nogil:
    int __ATOMIC_RELAXED
    void __atomic_load(float *, float *, int)
    void __atomic_store(float *, float *, int)

cdef meeting room
cdef float[2][32] rows = [[1] * 32] * 2
cdef float[2][32] weights  # of two threads, or of both; zeros


cdef void step(const float *row, float *weights) noexcept nogil:
    cdef float margin = 0
    cdef float[32] w
    for j in range(32):
        __atomic_load(&weights[j], &w[j], __ATOMIC_RELAXED)
        margin += w[j] * row[j]
    meet(&room, 2, 20)  # makes the unlucky moment certain
    for j in range(32):
        w[j] += 0.01 * (1 - margin) * row[j]
        __atomic_store(&weights[j], &w[j], __ATOMIC_RELAXED)


def broken():
    cdef int i
    for i in prange(2, nogil=True, schedule="static", num_threads=2):
        step(rows[i], weights[0])


def fixed():
    cdef int i
    for i in prange(2, nogil=True, schedule="static", num_threads=2):
        step(rows[i], weights[threadid()])


def observe(function):
    function()
    lost = 2 - round((weights[0][0] + weights[1][0]) / 0.01)
    return f"{lost} of 2 steps is lost"
