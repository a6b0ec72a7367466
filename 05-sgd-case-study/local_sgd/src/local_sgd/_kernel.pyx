# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
# Checks are off in the loops because all lengths are checked on the way in; C division because no
# divisor is 0; and no Python object is touched without the GIL.
"""A part of an epoch of local SGD, each worker with weights of its own."""

from cython.parallel cimport prange
from libc.math cimport exp
from libc.stdint cimport uint32_t, uint64_t

cdef extern from "batch.h":
    enum:
        BATCH
        WIDTH
    void step_on_batches(const float *rows, const float *labels, const float *importance,
                         const float *next, size_t batches, size_t parts, float size, float alpha,
                         bint fit_intercept, float *weights, float *sums) noexcept nogil

ctypedef fused real:
    float
    double

ROWS_OF_A_BATCH = BATCH
PADDING = WIDTH  # rows of float32 are fast if their features are a multiple of it


cdef void step(const real *rows, const real *labels, const real *importance, Py_ssize_t count,
               Py_ssize_t features, double size, double alpha, bint fit_intercept, real *weights,
               real *sums) noexcept nogil:
    # One step as in batch.h, on up to BATCH rows; the compiler makes what vectors it can.
    cdef double margin, share = 0
    cdef double factor[BATCH]
    cdef Py_ssize_t b, j

    for b in range(count):
        margin = weights[features]
        for j in range(features):
            margin = margin + weights[j] * rows[b * features + j]
        factor[b] = size * importance[b] * labels[b] / (1 + exp(labels[b] * margin))
        share = share + importance[b]
    for b in range(count):
        if fit_intercept:
            weights[features] += factor[b]
        for j in range(features):
            weights[j] += factor[b] * rows[b * features + j]
    for j in range(features):
        weights[j] /= 1 + share * size * alpha
        sums[j] += weights[j]
    sums[features] += weights[features]
    sums[features + 1] += 1


cdef void visit(const real *X, const real *labels, const real *importance, Py_ssize_t n,
                Py_ssize_t features, const uint32_t *order, Py_ssize_t block, Py_ssize_t low,
                Py_ssize_t high, double size, double alpha, bint fit_intercept, real *weights,
                real *sums) noexcept nogil:
    # Train on the blocks low..high of the order.
    cdef const real *next
    cdef Py_ssize_t k, row, last, count

    for k in range(low, high):
        row = <Py_ssize_t>order[k] * block
        last = min(row + block, n)
        if real is float:
            if features % WIDTH == 0:
                next = NULL
                if k + 1 < high and (<Py_ssize_t>order[k + 1] + 1) * block <= n:
                    next = X + <Py_ssize_t>order[k + 1] * block * features
                count = (last - row) // BATCH
                step_on_batches(X + row * features, labels + row, importance + row, next, count,
                                features // WIDTH, size, alpha, fit_intercept, weights, sums)
                row += count * BATCH
        while row < last:
            count = min(<Py_ssize_t>BATCH, last - row)
            step(X + row * features, labels + row, importance + row, count, features, size, alpha,
                 fit_intercept, weights, sums)
            row += count


def train(const real[:, ::1] X not None, const real[::1] labels not None,
          const real[::1] importance not None, const uint32_t[::1] order not None,
          Py_ssize_t block, int piece, int pieces, double size, double alpha, bint fit_intercept,
          real[:, :, ::1] workers not None):
    """Let each worker train on one of `pieces` pieces of its part of an epoch, without the GIL.

    X: float32 or float64 (n, d). labels: (n,), +1 or -1. importance: (n,). order: uint32, a
    permutation of the numbers of the blocks, `block` rows each. size: the step size. workers: of X's
    dtype (threads, 2, at least d + 2): weights and intercept; to their sums they are added after
    each batch, and 1 to the number behind the sums. Raises ValueError if these do not fit.
    """
    cdef Py_ssize_t n = X.shape[0], features = X.shape[1], threads = workers.shape[0]
    cdef Py_ssize_t blocks = order.shape[0], t, start, part

    if labels.shape[0] != n or importance.shape[0] != n:
        raise ValueError("labels and importance must have as many elements as X has rows")
    if n == 0 or features == 0:
        raise ValueError("X has no rows, or no features")
    if block < 1 or blocks != (n + block - 1) // block or not 0 <= piece < pieces:
        raise ValueError("the order must have all blocks, and the piece must be one of the pieces")
    if workers.shape[1] != 2 or workers.shape[2] < features + 2:
        raise ValueError("the workers' rows are too short")
    for t in range(blocks):
        if order[t] >= <uint64_t>blocks:
            raise ValueError(f"order[{t}] = {order[t]}: there are only {blocks} blocks")
    for t in prange(threads, nogil=True, schedule="static", chunksize=1, num_threads=threads,
                    use_threads_if=threads > 1):
        start = blocks * t // threads
        part = blocks * (t + 1) // threads - start
        visit(&X[0, 0], &labels[0], &importance[0], n, features, &order[0], block,
              start + part * piece // pieces, start + part * (piece + 1) // pieces, size, alpha,
              fit_intercept, &workers[t, 0, 0], &workers[t, 1, 0])


def shuffle(uint32_t[::1] order not None, uint64_t state):
    """Shuffle in place (Fisher-Yates, with Knuth's MMIX generator); return its next state."""
    cdef Py_ssize_t i, j

    with nogil:
        for i in range(order.shape[0] - 1, 0, -1):
            state = state * <uint64_t>6364136223846793005 + <uint64_t>1442695040888963407
            j = <Py_ssize_t>(state >> 33) % (i + 1)
            order[i], order[j] = order[j], order[i]
    return state
