# cython: language_level=3
# cython: boundscheck=False, wraparound=False
# cython: cdivision=True
# cython: freethreading_compatible=True
# Checks are off because training.py and in_python.py make all arrays that come here; C division
# because the divisor is never 0; and no Python object is touched without the GIL, so a free-threaded
# interpreter need not take it back.
"""SGD row by row in Cython, on one thread or on several of OpenMP."""

from cython.parallel cimport prange
from libc.math cimport expf
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

cdef extern from "rungs/rung.h":
    enum:
        FEATURES
        BLOCK
        BATCH


cdef void visit(const float *rows, const float *labels, const int64_t *order, Py_ssize_t low,
                Py_ssize_t high, float step, float shrink, float *worker) noexcept nogil:
    # Works on copies, so that the compiler knows that nobody else writes to them.
    cdef float w[FEATURES]
    cdef float sum[FEATURES]
    cdef Py_ssize_t k, i, j
    cdef float margin, factor, one = 1  # written as 1 + expf(...), Cython adds in double
    cdef const float *row
    cdef const float *label

    memcpy(w, worker, sizeof(w))
    memset(sum, 0, sizeof(sum))
    for k in range(low, high):
        if k == low + (high - low) // 2:
            memset(sum, 0, sizeof(sum))
        row = rows + order[k] * BLOCK * FEATURES
        label = labels + order[k] * BLOCK
        for i in range(BLOCK):
            margin = 0
            for j in range(FEATURES):
                margin = margin + w[j] * row[j]
            factor = step * label[i] / (one + expf(label[i] * margin))
            for j in range(FEATURES):
                w[j] = w[j] + factor * row[j]
            if i % BATCH == BATCH - 1:
                for j in range(FEATURES):
                    w[j] = w[j] * shrink
                    sum[j] = sum[j] + w[j]
            row = row + FEATURES
    memcpy(worker, w, sizeof(w))
    memcpy(worker + FEATURES, sum, sizeof(sum))
    worker[2 * FEATURES] = (high - low - (high - low) // 2) * (BLOCK // BATCH)


def train(const float[:, ::1] rows not None, const float[::1] labels not None,
          const int64_t[::1] order not None, float step, float shrink,
          float[:, ::1] workers not None):
    """Train on all blocks of `order`, an equal part for each of the workers, on its own thread.

    rows: float32 (n, 32). labels: float32 (n,), +1 or -1. order: int64 (blocks,), numbers of blocks
    of 512 rows. workers: float32 (threads, at least 65), changed in place, see training.py. Other
    dtypes are a ValueError. The GIL is released meanwhile.
    """
    cdef Py_ssize_t t, threads = workers.shape[0], blocks = order.shape[0]

    # Over parts, not over rows: those would race for the weights.
    for t in prange(threads, nogil=True, schedule="static", chunksize=1, num_threads=threads,
                    use_threads_if=threads > 1):
        visit(&rows[0, 0], &labels[0], &order[0], blocks * t // threads,
              blocks * (t + 1) // threads, step, shrink, &workers[t, 0])
