# Solution: threads share out the rows, and each has sums of its own.
#
#     mkdir -p build && include=$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')
#     python -m cython exercise/solution.pyx -o build/solution.c
#     cc -O3 -fopenmp -shared -fPIC -Iexercise -I"$include" build/solution.c -o build/solution.so
#     PYTHONPATH=build python -c 'import solution; solution.main()'
#
# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport uint8_t

cdef extern from "pixel.h":
    void set_pixel(uint8_t *pixel, int sum) noexcept nogil

cdef enum:
    MOST = 4096  # rows, and columns


# A function's local array is a new one in each call, so no two threads have the same.
cdef void blur_row(const uint8_t[:, ::1] image, uint8_t[:, ::1] blurred,
                   Py_ssize_t r) noexcept nogil:
    cdef Py_ssize_t rows = image.shape[0], columns = image.shape[1], c
    cdef Py_ssize_t up = max(r - 1, 0), down = min(r + 1, rows - 1)
    cdef int[MOST] sums  # of three pixels above each other

    for c in range(columns):
        sums[c] = image[up, c] + image[r, c] + image[down, c]
    for c in range(columns):
        set_pixel(&blurred[r, c], sums[max(c - 1, 0)] + sums[c] + sums[min(c + 1, columns - 1)])


def blur(const uint8_t[:, ::1] image not None, uint8_t[:, ::1] blurred not None, int threads):
    """Blur image into blurred; at an edge, the pixels beyond it are taken to be like those on it."""
    cdef Py_ssize_t rows = image.shape[0], columns = image.shape[1], r

    if blurred.shape[0] != rows or blurred.shape[1] != columns or max(rows, columns) > MOST:
        raise ValueError(f"expected two images of one shape, at most {MOST} x {MOST}")
    for r in prange(rows, nogil=True, num_threads=threads):
        blur_row(image, blurred, r)


def main():
    image = np.random.default_rng(1).integers(256, size=(1080, 1920), dtype=np.uint8)
    serial, parallel = np.empty_like(image), np.empty_like(image)
    blur(image, serial, 1)
    blur(image, parallel, 4)
    wrong = (serial != parallel).any()
    print("4 threads make", "another picture than one: wrong" if wrong else "the same picture as one")
