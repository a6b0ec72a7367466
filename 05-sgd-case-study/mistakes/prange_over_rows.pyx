# A prange straight over the rows: all threads change the same weights.
# expected  Two threads take a step at the same moment, and "1 of 2 steps is lost".
# cause     Both threads read the weights, and both add a step of their own. The thread that writes
#           last overwrites the other's step. This is a data race.
# fix       Local SGD: each thread has weights of its own, and they are averaged at the end.
# remember  A good objective is no proof of a right program. It hides a lost step or two.

from cython.parallel cimport prange, threadid
from meet cimport meet, meeting

cdef meeting room
cdef float[2][32] rows = [[1] * 32] * 2
cdef float[2][32] weights  # of two threads, or of both; zeros


cdef void step(const float *row, float *weights) noexcept nogil:
    cdef float margin = 0
    cdef float[32] w
    for j in range(32):
        w[j] = weights[j]
        margin += w[j] * row[j]
    meet(&room, 2, 20)  # makes the unlucky moment certain
    for j in range(32):
        weights[j] = w[j] + 0.01 * (1 - margin) * row[j]


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
