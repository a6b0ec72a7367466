# The same counting function three ways: allowed to run without the GIL, really running without
# it, and deleted by the compiler.
#
#     make build && python count.py
#
# cython: language_level=3
#     Python 3 rules for the source, said here so that no default can change it.
# cython: freethreading_compatible=True
#     Without it a free-threaded Python turns its GIL back on when this module is imported. It is
#     a promise: the one thing that threads share here, `room`, is made of atomics.
# cython: subinterpreters_compatible=own_gil
#     Without it an interpreter that has a GIL of its own cannot import this module. Cython keeps
#     Python objects apart then (with -DCYTHON_USE_MODULE_STATE=1, in setup.py); `room` is
#     one for the whole process, and is meant to be: it belongs to the C below, not to Cython.
#     primes.pyx says why it has not got this line.

from libc.stdint cimport uint64_t

cdef extern from "../tools/meet.h" nogil:
    struct meeting:
        int highest
    void meet_enter(meeting *) noexcept
    void meet_leave(meeting *) noexcept
    void meet_reset(meeting *) noexcept

cdef extern from *:
    """
    static struct meeting room;

    /* Tells the compiler that x may have changed. Without it a counting loop is replaced by its
     * result, and there is nothing left to time: see deleted(). */
    #define barrier(x) __asm__ volatile("" : "+r"(x))
    """
    meeting room
    void barrier(uint64_t) noexcept nogil


# Every step waits for the multiplication of the last one. A loop that only counts would need all of
# a core: beside a busy neighbour on the same core (a hyperthread) it takes twice as long, this one
# hardly longer.
cdef Py_ssize_t count_down(Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t steps = 0
    cdef uint64_t x = 1
    meet_enter(&room)
    while n > 0:
        n -= 1
        steps += 1
        x = x * 1664525 + 1
        barrier(x)
    meet_leave(&room)
    return steps


cpdef Py_ssize_t held(Py_ssize_t n) noexcept nogil:
    """Take n steps and return how many were taken. The GIL is held all the way.

    `nogil` in a signature is a permission: code without the GIL may call this. It releases
    nothing, and a caller from Python comes in with the GIL.
    """
    return count_down(n)


def released(Py_ssize_t n):
    """Take n steps and return how many were taken, with the GIL released.

    As with range(n), a negative n takes no step. All three raise TypeError if n is no int and
    OverflowError if it does not fit into a Py_ssize_t.
    """
    cdef Py_ssize_t steps
    with nogil:
        steps = count_down(n)
    return steps


cpdef Py_ssize_t deleted(Py_ssize_t n) noexcept nogil:
    """Return n. The loop has no barrier, so an optimising compiler leaves nothing of it."""
    cdef Py_ssize_t steps = 0
    while n > 0:
        n -= 1
        steps += 1
    return steps


def release_and_retake(Py_ssize_t n):
    """Give the GIL back and take it again, n times, around nothing; return how many times.

    What a release costs is this, divided by n: no work is inside that could hide it. A negative n
    and wrong arguments are as in released().
    """
    cdef Py_ssize_t times = 0
    while n > 0:
        with nogil:
            n -= 1
        times += 1
    return times


def inside():
    """Return the highest number of threads that were inside count_down at one moment."""
    return room.highest


def reset_inside():
    """Start inside() again."""
    meet_reset(&room)
