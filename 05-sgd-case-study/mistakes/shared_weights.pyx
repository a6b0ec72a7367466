# cython: boundscheck=False, wraparound=False, cdivision=True
# One set of weights for all threads, and a prange over the rows: racing, by atomics, with a lock.
#
#     python mistakes/prange_over_rows.py && python mistakes/hogwild.py && python mistakes/lock_each_step.py

from cython.parallel cimport prange
from libc.math cimport expf

cdef extern from *:
    """
    #include <pthread.h>

    /* Relaxed: each read and each write is whole, and nothing is said about their order. (As the
     * compilers have it: atomics of C11 need memory that was declared _Atomic.) */
    static float relaxed_read(float *w)
    {
        float x;
        __atomic_load(w, &x, __ATOMIC_RELAXED);
        return x;
    }
    static void relaxed_write(float *w, float x)
    {
        __atomic_store(w, &x, __ATOMIC_RELAXED);
    }

    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static long taken;
    static void lock(void) { pthread_mutex_lock(&mutex); taken++; }
    static void unlock(void) { pthread_mutex_unlock(&mutex); }
    """
    float relaxed_read(float *w) noexcept nogil
    void relaxed_write(float *w, float x) noexcept nogil
    void lock() noexcept nogil
    void unlock() noexcept nogil
    long taken

cdef extern from "../tools/meet.h":
    struct meeting:
        pass
    int meet(meeting *, int n, double seconds) noexcept nogil

cdef meeting readers

cdef enum:
    FEATURES = 32


cdef inline void step(const float *row, float label, float size, float *weights, bint atomic,
                      bint meeting) noexcept nogil:
    # One step of SGD on weights that other threads change meanwhile.
    cdef float w[FEATURES]
    cdef float margin = 0, factor, one = 1
    cdef Py_ssize_t j
    for j in range(FEATURES):
        w[j] = relaxed_read(&weights[j]) if atomic else weights[j]
    for j in range(FEATURES):
        margin = margin + w[j] * row[j]
    if meeting:
        meet(&readers, 2, 2)  # makes the unlucky moment certain
    factor = size * label / (one + expf(label * margin))
    for j in range(FEATURES):
        w[j] = w[j] + factor * row[j]
    for j in range(FEATURES):
        if atomic:
            relaxed_write(&weights[j], w[j])
        else:
            weights[j] = w[j]


def racing(const float[:, ::1] rows not None, const float[::1] labels not None, float size,
           float[::1] weights not None, int threads, bint meeting=False):
    """Train on all rows, weights shared. meeting: the first rows of two threads meet in a step."""
    cdef Py_ssize_t i
    for i in prange(rows.shape[0], nogil=True, schedule="static", num_threads=threads):
        step(&rows[i, 0], labels[i], size, &weights[0], False, meeting)


def relaxed(const float[:, ::1] rows not None, const float[::1] labels not None, float size,
            float[::1] weights not None, int threads, bint meeting=False):
    """The same with relaxed atomic reads and writes: how Hogwild! is often written."""
    cdef Py_ssize_t i
    for i in prange(rows.shape[0], nogil=True, schedule="static", num_threads=threads):
        step(&rows[i, 0], labels[i], size, &weights[0], True, meeting)


def locked(const float[:, ::1] rows not None, const float[::1] labels not None, float size,
           float[::1] weights not None, int threads):
    """The same with a lock around each step; returns how often the lock was taken."""
    cdef Py_ssize_t i
    cdef long before = taken
    for i in prange(rows.shape[0], nogil=True, schedule="static", num_threads=threads):
        lock()
        step(&rows[i, 0], labels[i], size, &weights[0], False, False)
        unlock()
    return taken - before
