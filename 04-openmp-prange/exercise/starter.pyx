# Exercise: a blur on several threads. Each pixel becomes the mean of the nine around it.
#
#     make exercise WORK=exercise/starter.pyx
#
# It is meant to fail until you finish it: it is right on one thread only, and slow. See README.md.
# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
from cython.parallel cimport prange
from libc.stdint cimport uint8_t

cdef extern from "pixel.h":
    enum: MOST  # rows, and columns
    void set_pixel(uint8_t *pixel, int sum) noexcept nogil


def blur(const uint8_t[:, ::1] image not None, uint8_t[:, ::1] blurred not None, int threads):
    """Blur image into blurred; at an edge, the pixels beyond it are taken to be like those on it."""
    cdef Py_ssize_t rows = image.shape[0], columns = image.shape[1], r, c, left, right, up, down
    cdef int[MOST] sums  # of three pixels side by side, in each row

    if blurred.shape[0] != rows or blurred.shape[1] != columns or max(rows, columns) > MOST:
        raise ValueError(f"expected two images of one shape, at most {MOST} x {MOST}")
    for c in prange(columns, nogil=True, num_threads=threads):
        left, right = max(c - 1, 0), min(c + 1, columns - 1)
        for r in range(rows):
            sums[r] = image[r, left] + image[r, c] + image[r, right]
        for r in range(rows):
            up, down = max(r - 1, 0), min(r + 1, rows - 1)
            set_pixel(&blurred[r, c], sums[up] + sums[r] + sums[down])
