# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True
# Without checks since _problem.py makes all arrays; no Python object is touched without the GIL.
from cython.parallel cimport prange
from libc.stdint cimport int32_t
from libc.string cimport memcpy, memset

cdef extern from *:
    void __builtin_prefetch(const void *, int, int) noexcept nogil

ctypedef fused real:
    float
    double

cdef enum:
    BATCH = 32


cdef inline float exponential(float x) noexcept nogil:
    # 2^k made of the bits of a number, times a polynomial: loops over it become vector code.
    cdef float low = -80, high = 80, one = 1, r
    cdef int32_t k
    x = low if x < low else x
    x = x if x < high else high  # NaN becomes a number
    k = <int32_t>(x * <float>1.44269504 + <float>128.5) - 128
    r = x - k * <float>0.693147181
    x = one + r * (one + r * (<float>(1 / 2.) + r * (<float>(1 / 6.) + r * (
        <float>(1 / 24.) + r * (<float>(1 / 120.) + r * <float>(1 / 720.))))))
    k = (k + 127) << 23
    memcpy(&r, &k, sizeof(r))
    return x * r


cdef inline float loss_of(float z, float e) noexcept nogil:
    # log(1 + exp(-z)), where e = exp(z): the series of 2 artanh.
    cdef float zero = 0, one = 1, two = 2
    cdef float u = one / e if z > zero else e
    cdef float s = u / (two + u), q = s * s
    return (zero if z > zero else -z) + two * s * (one + q * (<float>(1 / 3.) + q * (
        <float>(1 / 5.) + q * (<float>(1 / 7.) + q * <float>(1 / 9.)))))


cdef void gradient_of(const real *x, Py_ssize_t last, Py_ssize_t d, const real *f,
                      Py_ssize_t ahead, real *g) noexcept nogil:
    # g = f @ x, while memory brings the rows of the next block. Four rows share one look at g;
    # the last row stands for missing ones, whose factors are 0.
    cdef real sum
    cdef Py_ssize_t b, i, j
    memset(g, 0, d * sizeof(real))
    for b in range(0, last + 1, 4):
        for j in range(0, 4 * d, 16):
            __builtin_prefetch(x + ahead + b * d + j, 0, 2)
        for j in range(d):
            sum = 0
            for i in range(4):
                sum = sum + f[b + i] * x[min(b + i, last) * d + j]
            g[j] += sum


cdef void move(const real *centre, Py_ssize_t d, real step, real sum, real share, real rate,
               real *w, real *average, const real *g) noexcept nogil:
    # A step of the standardised features, (x - centre) * inverse, in the weights of x. The penalty
    # divides, so it is stable; and an average forgets bit by bit what is long ago.
    cdef const real *inverse = centre + d
    cdef const real *penalty = inverse + d
    cdef real to, moved = 0, one = 1
    cdef Py_ssize_t j
    for j in range(d):
        to = w[j] + inverse[j] * (inverse[j] * (step * (g[j] - centre[j] * sum)))
        to = to / (one + step * share * penalty[j])
        moved = moved + centre[j] * (to - w[j])
        w[j] = to
    w[d] += penalty[d] * (step * sum - moved)  # 1, or 0 for no intercept
    for j in range(d + 1):
        average[j] += rate * (w[j] - average[j])


cdef void visit(const real *rows, const real *labels, Py_ssize_t ahead, Py_ssize_t count,
                Py_ssize_t d, const real *coordinates, real step, real rate, real *w,
                Py_ssize_t stride, double *sums) noexcept nogil:
    # A batch: take a step; or else add gradient, factors, loss and weights to the sums.
    cdef real sum = 0, share = 0, loss = 0, one = 1, margin, weight
    cdef real factors[BATCH + 3]
    cdef real *g = w + 2 * stride
    cdef float z, e
    cdef Py_ssize_t b, j
    for b in range(count):
        margin = w[d]
        for j in range(d):
            margin = margin + w[j] * rows[b * d + j]
        factors[b] = margin
    for b in range(count):
        weight = labels[b] if labels[b] > 0 else -labels[b]
        z = <float>(factors[b] if labels[b] > 0 else -factors[b])
        e = exponential(z)
        if sums:
            loss = loss + weight * loss_of(z, e)
        factors[b] = labels[b] / (one + e)
        sum = sum + factors[b]
        share = share + weight
    memset(&factors[count], 0, 3 * sizeof(real))
    gradient_of(rows, count - 1, d, factors, ahead, g)
    if not sums:
        move(coordinates, d, step, sum, share, rate, w, w + stride, g)
        return
    for j in range(d):
        sums[j] += g[j]
    sums[d] += sum
    sums[d + 1] += loss
    sums[d + 2] += share


def epoch(const real[:, ::1] X, const real[::1] labels, const Py_ssize_t[::1] order,
          Py_ssize_t block, const real[::1] coordinates, double step, Py_ssize_t seen,
          real[:, :, ::1] workers, double[:, ::1] sums, int threads):
    """Let each worker visit its part of the blocks, without the GIL; the same bits on any threads.

    X: float32 or float64 (n, d). labels: (n,), weights of the rows, negative of the first class.
    order: (blocks,), numbers of blocks of `block` rows. coordinates: (3 d + 1,): means, inverse
    deviations, penalties, and 1 for an intercept. seen: batches that are averaged already.
    workers: (count, 3, > d), changed: weights and intercept, their average, and room.
    sums: None; or (count, d + 3), to be added to instead of learning.
    """
    cdef Py_ssize_t n = X.shape[0], d = X.shape[1], count = workers.shape[0], t, k, row, end
    cdef Py_ssize_t blocks = order.shape[0], batches, high, ahead
    cdef double *sum
    for t in prange(count, nogil=True, schedule="static", num_threads=threads):
        batches, high = seen, blocks * (t + 1) // count
        sum = &sums[t, 0] if sums is not None else NULL
        for k in range(blocks * t // count, high):
            row = order[k] * block
            end = min(row + block, n)
            ahead = order[min(k + 1, high - 1)] * block * d - row * d
            while row < end:
                visit(&X[row, 0], &labels[row], ahead, min(<Py_ssize_t>BATCH, end - row), d,
                      &coordinates[0], <real>step, 4 / <real>(4 + batches), &workers[t, 0, 0],
                      workers.shape[2], sum)
                row, batches = row + BATCH, batches + 1
