# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
# Checks are off in the loops because all lengths are checked on the way in; C division because no
# divisor is 0; and no Python object is touched without the GIL.
from cython.parallel cimport prange
from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.string cimport memcpy, memset

cdef extern from *:
    void __builtin_prefetch(const void *, int, int) noexcept nogil

ctypedef fused real:
    float
    double

cdef enum:
    BATCH = 32  # rows


cdef inline real exponential(real x) noexcept nogil:
    # To 8 digits without a branch or a call, so that a loop over it becomes vector code: 2^k made
    # of the bits of a number, times a polynomial. (A literal would be a double.)
    cdef real log2_e = 1.4426950408889634, ln_2 = 0.6931471805599453, low = -80, high = 80
    cdef real c2 = 1 / 2., c3 = 1 / 6., c4 = 1 / 24., c5 = 1 / 120., c6 = 1 / 720., c7 = 1 / 5040.
    cdef real half = 128.5, one = 1, r
    cdef int32_t k, word
    cdef int64_t words
    x = low if x < low else x
    x = x if x < high else high  # NaN becomes a number
    k = <int32_t>(x * log2_e + half) - 128
    r = x - k * ln_2
    x = one + r * (one + r * (c2 + r * (c3 + r * (c4 + r * (c5 + r * (c6 + r * c7))))))
    if real is float:
        word = (k + 127) << 23
        memcpy(&r, &word, sizeof(r))
    else:
        words = <int64_t>(k + 1023) << 52
        memcpy(&r, &words, sizeof(r))
    return x * r


cdef inline real loss_of(real z, real e) noexcept nogil:
    # log(1 + exp(-z)), where e = exp(z): the series of 2 artanh.
    cdef real c3 = 1 / 3., c5 = 1 / 5., c7 = 1 / 7., c9 = 1 / 9., zero = 0, one = 1
    cdef real u = one / e if z > zero else e
    cdef real s = u / (one + one + u), q = s * s
    return (zero if z > zero else -z) + (s + s) * (one + q * (c3 + q * (c5 + q * (c7 + q * c9))))


cdef void margins_of(const real *rows, Py_ssize_t last, Py_ssize_t d, const real *w,
                     real *margins) noexcept nogil:
    # Four rows at a time, since four sums do not wait for each other; the last row may stand for
    # rows that are not there.
    cdef real m0, m1, m2, m3
    cdef const real *x0
    cdef const real *x1
    cdef const real *x2
    cdef const real *x3
    cdef Py_ssize_t b, j
    for b in range(0, last + 1, 4):
        x0, x1 = rows + b * d, rows + min(b + 1, last) * d
        x2, x3 = rows + min(b + 2, last) * d, rows + min(b + 3, last) * d
        m0 = m1 = m2 = m3 = w[d]
        for j in range(d):
            m0 = m0 + w[j] * x0[j]
            m1 = m1 + w[j] * x1[j]
            m2 = m2 + w[j] * x2[j]
            m3 = m3 + w[j] * x3[j]
        margins[b], margins[b + 1], margins[b + 2], margins[b + 3] = m0, m1, m2, m3


cdef void gradient_of(const real *rows, Py_ssize_t last, Py_ssize_t d, const real *factors,
                      const real *next, real *g) noexcept nogil:
    # g = factors @ rows. Meanwhile memory brings the rows of the next block.
    cdef real f0, f1, f2, f3
    cdef const real *x0
    cdef const real *x1
    cdef const real *x2
    cdef const real *x3
    cdef Py_ssize_t b, j
    memset(g, 0, d * sizeof(real))
    for b in range(0, last + 1, 4):
        if next:
            for j in range(0, 4 * d, 16):
                __builtin_prefetch(next + b * d + j, 0, 2)
        x0, x1 = rows + b * d, rows + min(b + 1, last) * d
        x2, x3 = rows + min(b + 2, last) * d, rows + min(b + 3, last) * d
        f0, f1, f2, f3 = factors[b], factors[b + 1], factors[b + 2], factors[b + 3]
        for j in range(d):
            g[j] += f0 * x0[j] + f1 * x1[j] + f2 * x2[j] + f3 * x3[j]


cdef void move(const real *coordinates, Py_ssize_t d, real step, real sum, real share, real rate,
               real *w, real *average, const real *g) noexcept nogil:
    # A step of the standardised features, z = (x - centre) * inverse, in the weights of x. The
    # penalty divides, so it is stable; and averages forget bit by bit what is long ago.
    cdef const real *centre = coordinates
    cdef const real *inverse = centre + d
    cdef const real *shrink = inverse + d
    cdef real to, moved = 0, one = 1
    cdef Py_ssize_t j
    for j in range(d):
        to = w[j] + inverse[j] * (inverse[j] * (step * (g[j] - centre[j] * sum)))
        to = to / (one + step * share * shrink[j])
        moved = moved + centre[j] * (to - w[j])
        w[j] = to
    w[d] += coordinates[3 * d] * (step * sum - moved)  # 1, or 0: no intercept
    for j in range(d + 1):
        average[j] += rate * (w[j] - average[j])


cdef void visit(const real *rows, const real *labels, const real *importance, const real *next,
                Py_ssize_t count, Py_ssize_t d, const real *coordinates, real step, real rate,
                real *w, Py_ssize_t stride, double *sums) noexcept nogil:
    # A batch: take a step, or else add gradient, factors, loss and weights to the sums.
    cdef real sum = 0, share = 0, loss = 0, one = 1
    cdef real factors[BATCH + 3]
    cdef real exps[BATCH]
    cdef real *g = w + 2 * stride
    cdef Py_ssize_t b, j
    margins_of(rows, count - 1, d, w, factors)
    for b in range(count):
        exps[b] = exponential(labels[b] * factors[b])
        if sums:
            loss = loss + importance[b] * loss_of(labels[b] * factors[b], exps[b])
        factors[b] = importance[b] * labels[b] / (one + exps[b])
        sum = sum + factors[b]
        share = share + importance[b]
    memset(&factors[count], 0, 3 * sizeof(real))
    gradient_of(rows, count - 1, d, factors, next, g)
    if not sums:
        move(coordinates, d, step, sum, share, rate, w, w + stride, g)
        return
    for j in range(d):
        sums[j] += g[j]
    sums[d] += sum
    sums[d + 1] += loss
    sums[d + 2] += share


def epoch(const real[:, ::1] X not None, const real[::1] labels not None,
          const real[::1] importance not None, const uint32_t[::1] order not None,
          Py_ssize_t block, const real[::1] coordinates not None, double step, Py_ssize_t seen,
          real[:, :, ::1] workers not None, double[:, ::1] sums, int threads):
    """Let each worker visit its part of the blocks, without the GIL; the same bits on any threads.

    X: float32 or float64 (n, d), like all but sums. labels: (n,), +1 or -1. importance: (n,).
    order: numbers of blocks of `block` rows. coordinates: (3 d + 1,), of the features mean,
    1 / deviation, penalty, and at last 1 for an intercept or 0. seen: batches that are averaged.
    workers: (count, 3, >= d + 2), changed: weights and intercept, their average, room. sums: None,
    or (count, >= d + 3), added to instead of learning. Raises ValueError if these do not fit.
    """
    cdef Py_ssize_t n = X.shape[0], d = X.shape[1], count = workers.shape[0], t, k, row, end
    cdef Py_ssize_t blocks = order.shape[0], stride = workers.shape[2], batches, high
    cdef const real *next
    cdef double *sum
    if not (labels.shape[0] == importance.shape[0] == n and coordinates.shape[0] == 3 * d + 1
            and n and d and block > 0 and workers.shape[1] == 3 and stride >= d + 2
            and (sums is None or sums.shape[0] == count and sums.shape[1] >= d + 3)):
        raise ValueError("the arrays do not fit each other")
    for k in range(blocks):
        if order[k] > (n - 1) // block:
            raise ValueError(f"there is no block {order[k]}")
    for t in prange(count, nogil=True, schedule="static", num_threads=threads):
        batches, high = seen, blocks * (t + 1) // count
        sum = &sums[t, 0] if sums is not None else NULL
        for k in range(blocks * t // count, high):
            row = order[k] * block
            end = min(row + block, n)
            next = NULL
            if k + 1 < high and (order[k + 1] + 1) * block <= n:
                next = &X[order[k + 1] * block, 0]
            while row < end:
                visit(&X[row, 0], &labels[row], &importance[row], next,
                      min(<Py_ssize_t>BATCH, end - row), d, &coordinates[0], <real>step,
                      4 / <real>(4 + batches), &workers[t, 0, 0], stride, sum)
                next = next + BATCH * d if next else NULL
                row, batches = row + BATCH, batches + 1
