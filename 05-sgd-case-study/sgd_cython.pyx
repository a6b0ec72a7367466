# cython: language_level=3
# cython: boundscheck=False, wraparound=False
# cython: cdivision=True
# cython: freethreading_compatible=True
# Checks are off in the inner loops because every length is checked once, on the way in; C
# division because the divisor is never 0; and no Python object is touched without the GIL, so a
# free-threaded interpreter need not take it back.
"""SGD row by row in Cython: on one thread, on the caller's threads, on OpenMP's."""

from cython.parallel cimport prange
from libc.math cimport expf
from libc.stdint cimport uint32_t
from libc.string cimport memcpy, memset

cdef extern from "kernels.h":
    enum:
        FEATURES
        BLOCK
        BATCH


cdef void visit(const float *rows, const float *labels, const uint32_t *order, Py_ssize_t low,
                Py_ssize_t high, float step, float shrink, float *weights,
                float *total) noexcept nogil:
    # Works on copies of its own, so that no two threads write to one cache line.
    cdef float w[FEATURES]
    cdef float sum[FEATURES]
    cdef Py_ssize_t k, i, j
    cdef float margin, factor, one = 1  # written as 1 + expf(...), Cython adds in double
    cdef const float *row
    cdef const float *label

    memcpy(w, weights, sizeof(w))
    memset(sum, 0, sizeof(sum))
    for k in range(low, high):
        if k == low + (high - low) // 2:
            memset(sum, 0, sizeof(sum))
        row = rows + <Py_ssize_t>order[k] * BLOCK * FEATURES
        label = labels + <Py_ssize_t>order[k] * BLOCK
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
    memcpy(weights, w, sizeof(w))
    memcpy(total, sum, sizeof(sum))


cdef check(const float[:, ::1] rows, const float[::1] labels, const uint32_t[::1] order):
    # Everything that the loops trust, checked once.
    cdef Py_ssize_t k

    if order.shape[0] == 0 or rows.shape[0] == 0:
        raise ValueError("there is nothing to train on")
    if rows.shape[1] != FEATURES or labels.shape[0] != rows.shape[0]:
        raise ValueError(f"rows must be (n, {FEATURES}) and labels (n,), not "
                         f"({rows.shape[0]}, {rows.shape[1]}) and ({labels.shape[0]},)")
    for k in range(order.shape[0]):
        if <size_t>order[k] >= <size_t>rows.shape[0] // BLOCK:
            raise ValueError(f"order[{k}] = {order[k]} is beyond the {rows.shape[0] // BLOCK} "
                             f"blocks of rows")


def train_part(const float[:, ::1] rows not None, const float[::1] labels not None,
               const uint32_t[::1] order not None, float step, float shrink,
               float[::1] weights not None, float[::1] total not None):
    """Train on the blocks of `order`, one row at a time, with the GIL released.

    rows: float32 (n, 32). labels: float32 (n,), +1 or -1. order: uint32 (blocks,), numbers of
    blocks of 512 rows. weights: float32 (32,), changed in place. total: float32 (32,), overwritten
    with the sum of the weights, once every 32 rows, over the second half of the blocks. Raises
    ValueError for other shapes, dtypes or blocks, before any work.
    """
    check(rows, labels, order)
    if weights.shape[0] != FEATURES or total.shape[0] != FEATURES:
        raise ValueError(f"weights and total must have {FEATURES} elements")
    with nogil:
        visit(&rows[0, 0], &labels[0], &order[0], 0, order.shape[0], step, shrink, &weights[0],
              &total[0])


def train_parallel(const float[:, ::1] rows not None, const float[::1] labels not None,
                   const uint32_t[::1] order not None, float step, float shrink,
                   float[:, ::1] weights not None, float[:, ::1] totals not None):
    """Train on all blocks of `order`, one equal part a row of weights, each on its own thread.

    As train_part, with weights and totals float32 (threads, 32). Raises ValueError.
    """
    cdef Py_ssize_t t, threads = weights.shape[0], blocks = order.shape[0]

    check(rows, labels, order)
    if not 1 <= threads <= blocks or totals.shape[0] != threads:
        raise ValueError(f"weights and totals must have 1 to {blocks} rows, as many as each other")
    if weights.shape[1] != FEATURES or totals.shape[1] != FEATURES:
        raise ValueError(f"weights and totals must have {FEATURES} columns")
    # prange releases the GIL itself; over parts, not over samples: those would race on the weights.
    for t in prange(threads, nogil=True, schedule="static", chunksize=1, num_threads=threads):
        visit(&rows[0, 0], &labels[0], &order[0], blocks * t // threads,
              blocks * (t + 1) // threads, step, shrink, &weights[t, 0], &totals[t, 0])
