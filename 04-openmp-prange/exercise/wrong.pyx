# The GIL in the loop, for the tests, and with -DRAISES=1 an exception before it.
# cython: language_level=3, freethreading_compatible=True
include "solution.pyx"

cdef extern from *:
    int RAISES

def blur(const uint8_t[:, ::1] image, uint8_t[:, ::1] blurred, int threads):
    cdef Py_ssize_t r
    assert not RAISES, "no"
    for r in prange(image.shape[0], nogil=True, num_threads=threads):
        with gil:
            blur_row(image, blurred, r)
