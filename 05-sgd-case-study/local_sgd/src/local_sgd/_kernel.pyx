# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
# Checks are off in the loops because all lengths are checked on the way in; C division because no
# divisor is 0; and no Python object is touched without the GIL.
"""A part of an epoch of local SGD on workers of their own, and the objective."""

from cython.parallel cimport prange
from libc.math cimport exp, log1p
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

cdef extern from "batch.h":
    enum:
        BATCH
        WIDTH
    void step_on_batch(const float *rows, const float *labels, const float *importance,
                       const float *next, size_t parts, float step, float shrink, float *weights,
                       float *sum, float *intercept) noexcept nogil

ctypedef fused real:
    float
    double

PADDING = WIDTH  # float32 weights are a multiple of so many


cdef void step_in_double(const double *rows, const double *labels, const double *importance,
                         Py_ssize_t features, double step, double shrink, double *weights,
                         double *sum, double *intercept) noexcept nogil:
    # As step_on_batch, and the compiler makes what vectors it can.
    cdef double margin
    cdef double factor[BATCH]
    cdef Py_ssize_t b, j

    for b in range(BATCH):
        margin = 0
        for j in range(features):
            margin = margin + weights[j] * rows[b * features + j]
        margin = margin + intercept[0]
        factor[b] = step * labels[b] / (1 + exp(labels[b] * margin))
        if importance != NULL:
            factor[b] = factor[b] * importance[b]
    for b in range(BATCH):
        intercept[0] += factor[b]
        for j in range(features):
            weights[j] += factor[b] * rows[b * features + j]
    for j in range(features):
        weights[j] *= shrink
        sum[j] += weights[j]


cdef void step(const real *rows, const real *labels, const real *importance, const real *next,
               Py_ssize_t wide, double size, double alpha, bint fit_intercept, Py_ssize_t count,
               real *worker) noexcept nogil:
    # worker: weights, their sum, then the intercept, its sum, and how often both were added.
    cdef real *intercept = worker + 2 * wide
    cdef double share = count
    cdef Py_ssize_t b

    if importance != NULL:
        share = 0
        for b in range(count):
            share = share + importance[b]
    if real is float:
        step_on_batch(rows, labels, importance, next, wide // WIDTH, size, 1 - share * size * alpha,
                      worker, worker + wide, intercept)
    else:
        step_in_double(rows, labels, importance, wide, size, 1 - share * size * alpha, worker,
                       worker + wide, intercept)
    if not fit_intercept:
        intercept[0] = 0
    intercept[1] += intercept[0]
    intercept[2] += 1


cdef void visit(const real *X, const real *labels, const real *importance, Py_ssize_t n,
                Py_ssize_t features, const uint32_t *order, Py_ssize_t block, Py_ssize_t start,
                Py_ssize_t stop, Py_ssize_t low, Py_ssize_t high, double size, double alpha,
                bint fit_intercept, Py_ssize_t wide, real *worker, real *copied) noexcept nogil:
    # Train on the blocks low..high of the order, of start..stop that are this worker's. Rows that
    # are not a whole batch, one after the other, or not as wide as the weights, are copied first.
    cdef real *labels_copied = copied + BATCH * wide
    cdef real *importance_copied = labels_copied + BATCH
    cdef const real *weigh = importance_copied if importance != NULL else NULL
    cdef const real *next
    cdef Py_ssize_t k, row, last, count = 0

    for k in range(low, high):
        row, next = <Py_ssize_t>order[k] * block, NULL
        last = min(row + block, n)
        if k == start + (stop - start) // 2:
            memset(worker + wide, 0, wide * sizeof(real))
            worker[2 * wide + 1] = worker[2 * wide + 2] = 0
        if k + 1 < stop and (<Py_ssize_t>order[k + 1] + 1) * block <= n:
            next = X + <Py_ssize_t>order[k + 1] * block * features
        while features == wide and row + BATCH <= last:
            step(X + row * features, labels + row, importance + row if importance != NULL else NULL,
                 next, wide, size, alpha, fit_intercept, BATCH, worker)
            row += BATCH
            if next != NULL:
                next += BATCH * features
        for row in range(row, last):
            memcpy(copied + count * wide, X + row * features, features * sizeof(real))
            labels_copied[count] = labels[row]
            importance_copied[count] = importance[row] if importance != NULL else 1
            count += 1
            if count == BATCH or (k + 1 == high and row + 1 == last):
                memset(labels_copied + count, 0, (BATCH - count) * sizeof(real))
                memset(importance_copied + count, 0, (BATCH - count) * sizeof(real))
                step(copied, labels_copied, weigh, <const real *>NULL, wide, size, alpha,
                     fit_intercept, count, worker)
                count = 0


def train(const real[:, ::1] X not None, const real[::1] labels not None,
          const real[::1] importance, const uint32_t[::1] order not None, Py_ssize_t block,
          int piece, int pieces, double size, double alpha, bint fit_intercept,
          real[:, ::1] workers not None, Py_ssize_t wide):
    """Let each worker train on one of `pieces` pieces of its part of an epoch, without the GIL.

    X: float32 or float64 (n, d). labels: (n,), +1 or -1. importance: (n,) or None. order: uint32,
    a permutation of the numbers of the blocks, `block` rows each. size: the step size. workers: a
    row for each, of at least 2 * wide + 3: weights, their sum over the second half of the batches
    of its part, the intercept, its sum, and the number of batches in the sums. wide: d, for float32
    rounded up to a multiple of PADDING. Raises ValueError if these do not fit, and MemoryError.
    """
    cdef Py_ssize_t n = X.shape[0], features = X.shape[1], threads = workers.shape[0]
    cdef Py_ssize_t blocks = order.shape[0], t, start, stop, room = BATCH * (wide + 2)
    cdef const real *its_importance = NULL
    cdef real *copied

    if labels.shape[0] != n or (importance is not None and importance.shape[0] != n):
        raise ValueError("labels and importance must have as many elements as X has rows")
    if n == 0 or block < 1 or blocks != (n + block - 1) // block or not 0 <= piece < pieces:
        raise ValueError("the order must have all blocks, and the piece must be one of the pieces")
    if wide < features or workers.shape[1] < 2 * wide + 3 or (real is float and wide % WIDTH):
        raise ValueError("the workers' rows are too short")
    for t in range(blocks):
        if order[t] >= <uint64_t>blocks:
            raise ValueError(f"order[{t}] = {order[t]}: there are only {blocks} blocks")
    if importance is not None:
        its_importance = &importance[0]
    copied = <real *>calloc(threads * room, sizeof(real))
    if copied == NULL:
        raise MemoryError()
    for t in prange(threads, nogil=True, schedule="static", chunksize=1, num_threads=threads,
                    use_threads_if=threads > 1):
        start = blocks * t // threads
        stop = blocks * (t + 1) // threads
        visit(&X[0, 0], &labels[0], its_importance, n, features, &order[0], block, start, stop,
              start + (stop - start) * piece // pieces, start + (stop - start) * (piece + 1) // pieces,
              size, alpha, fit_intercept, wide, &workers[t, 0], copied + t * room)
    free(copied)


def shuffle(uint32_t[::1] order not None, uint64_t state):
    """Shuffle in place (Fisher-Yates, with Knuth's MMIX generator); return its next state."""
    cdef Py_ssize_t i, j

    with nogil:
        for i in range(order.shape[0] - 1, 0, -1):
            state = state * <uint64_t>6364136223846793005 + <uint64_t>1442695040888963407
            j = <Py_ssize_t>(state >> 33) % (i + 1)
            order[i], order[j] = order[j], order[i]
    return state


def objective(const real[:, ::1] X not None, const real[::1] labels not None,
              const real[::1] importance, const double[::1] weights not None, double intercept,
              double alpha):
    """Return the mean logistic loss of the rows and alpha/2 |weights|^2, in double, without the GIL.

    With an importance, the mean is weighted by it. Raises ValueError if the lengths do not fit.
    """
    cdef Py_ssize_t n = X.shape[0], features = X.shape[1], i, j
    cdef double margin, share = 1, total = 0, shares = 0, squares = 0

    if labels.shape[0] != n or weights.shape[0] != features or n == 0:
        raise ValueError("labels, weights and X do not fit")
    if importance is not None and importance.shape[0] != n:
        raise ValueError("importance and X do not fit")
    with nogil:
        for i in range(n):
            margin = intercept
            for j in range(features):
                margin = margin + weights[j] * X[i, j]
            margin = labels[i] * margin
            if importance is not None:
                share = importance[i]
            total += share * (log1p(exp(-margin)) if margin > 0 else log1p(exp(margin)) - margin)
            shares += share
        for j in range(features):
            squares += weights[j] * weights[j]
    return total / shares + alpha / 2 * squares
