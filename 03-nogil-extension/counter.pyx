# One fast loop in three functions: the GIL held, the GIL released, and the loop deleted.
#
#     make build && python count.py
#
# cython: freethreading_compatible=True
#     A promise, without which a free-threaded Python turns its GIL on: `room` is made of atomics.

from meet cimport meet_enter, meet_leave, meet_reset, meeting

cdef meeting room  # it counts the threads in the loop

cdef extern from *:
    '#define barrier(x) __asm__ volatile("" : "+r"(x))'
    void barrier(unsigned long long) noexcept nogil


# A step waits for the multiplication before it, so a hyperthread beside it hardly slows it down.
cdef Py_ssize_t take_steps(Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t steps = 0
    cdef unsigned long long x = 1
    meet_enter(&room)
    while steps < n:
        steps += 1
        x = x * 1664525 + 1
        barrier(x)  # as if x were changed here: the loop cannot be replaced by its result
    meet_leave(&room)
    return steps


def held(Py_ssize_t n):
    """Take n steps and return how many were taken. The GIL is held all the way."""
    return take_steps(n)


def released(Py_ssize_t n):
    """Take n steps with the GIL released."""
    cdef Py_ssize_t steps
    with nogil:
        steps = take_steps(n)
    return steps


def deleted(Py_ssize_t n):
    """Return n. The loop has no barrier, so an optimising compiler leaves nothing of it."""
    cdef Py_ssize_t steps = 0
    while steps < n:
        steps += 1
    return steps


def release_and_retake(Py_ssize_t n):
    """Give the GIL back and take it again, n times, around nothing; return how many times."""
    cdef Py_ssize_t times = 0
    while times < n:
        with nogil:
            times += 1
    return times


def inside():
    return room.highest


def reset_inside():
    meet_reset(&room)
