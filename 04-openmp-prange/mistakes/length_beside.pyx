# The length is passed beside the arrays, and is not theirs.
# expected  Of out's four numbers too few are doubled, or "[2.0, 2.0, 2.0, 2.0, 2.0]": one too many.
# cause     The caller's n may be any number, and with boundscheck off nobody compares it with the
#           arrays. An int also ends at 2,147,483,647.
# fix       The length of the arrays, as Py_ssize_t, and a ValueError where the lengths differ.
# remember  Arrays know how long they are.
# cython: boundscheck=False, wraparound=False

from array import array

from cython.parallel cimport prange


def broken(const double[::1] x not None, double[::1] out not None, int n):
    cdef int i
    for i in prange(n, nogil=True, num_threads=2):
        out[i] = 2 * x[i]


def fixed(const double[::1] x not None, double[::1] out not None):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError(f"x has {n} elements, out has {out.shape[0]}")
    for i in prange(n, nogil=True, num_threads=2):
        out[i] = 2 * x[i]


def memory_after(function, length, *n):
    ones, memory = array("d", [1] * 5), array("d", [0] * 5)  # the fifth is nobody's
    try:
        function(memoryview(ones)[:4], memoryview(memory)[:length], *n)
    except (OverflowError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return list(memory)


def observe(function):
    if function is fixed:
        assert memory_after(fixed, 4) == [2, 2, 2, 2, 0]
        return f"out has 3 numbers: {memory_after(fixed, 3)}"
    return "\n".join(f"n = {n:,}: {memory_after(broken, 4, n)}" for n in (2, 5, 3_000_000_000))
