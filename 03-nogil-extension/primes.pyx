# The loop of count_module.c in Cython: declared `nogil`, and really released.
#
#     make build && python primes.py
#
# build/primes.html shows what each line became: the yellower, the more Python there is in it.
#
# cython: cdivision=True
#     n % d as in C. Python's rules check for d == 0 each time, and a check may raise.
# cython: freethreading_compatible=True
#     A promise, without which a free-threaded Python turns its GIL on: `room` is made of atomics.

from meet cimport meet_enter, meet_expect, meet_leave, meet_others, meeting

cdef meeting room  # it counts the threads in the loop


# `noexcept`: the function raises nothing, so its caller never has to look for an exception.
cdef bint is_prime(Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t d = 2
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return n >= 2


# `except -1`: the function returns -1 where it raises. A caller looks at the number, and needs no
# GIL for that. To raise does need the GIL.
cdef int check_range(Py_ssize_t lo, Py_ssize_t hi) except -1 nogil:
    cdef Py_ssize_t limit = 10**12  # up to here d * d is far from overflowing
    if not 0 <= lo <= hi <= limit:
        with gil:
            raise ValueError(f"expected 0 <= lo <= hi <= 10**12, not lo = {lo}, hi = {hi}")
    return 0


cdef Py_ssize_t count_primes(Py_ssize_t lo, Py_ssize_t hi) except -1 nogil:
    cdef Py_ssize_t n = lo, primes = 0
    check_range(lo, hi)
    meet_enter(&room)
    meet_others(&room)  # waits only after expect()
    while n < hi:
        primes += is_prime(n)
        n += 1
    meet_leave(&room)
    return primes


cpdef Py_ssize_t declared(Py_ssize_t lo, Py_ssize_t hi) except -1 nogil:
    """Count the primes in [lo, hi). The GIL is held all the way.

    `nogil` in a signature is a permission: callers may be without the GIL. It releases nothing.
    """
    return count_primes(lo, hi)


def released(Py_ssize_t lo, Py_ssize_t hi):
    """Count the primes in [lo, hi) with the GIL released: `with nogil:` is the action."""
    cdef Py_ssize_t primes
    with nogil:
        primes = count_primes(lo, hi)
    return primes


def for_each(Py_ssize_t lo, Py_ssize_t hi, callback):
    """Call callback(prime) for each prime in [lo, hi), and hold the GIL only for that."""
    cdef Py_ssize_t n
    with nogil:
        check_range(lo, hi)
        for n in range(lo, hi):
            if is_prime(n):
                with gil:
                    callback(n)


def expect(int n, double seconds):
    """Begin inside() anew; in the loop let n threads wait for each other, for some seconds."""
    if not (n >= 0 and 0 <= seconds <= 60):
        raise ValueError("expected n >= 0 and 0 <= seconds <= 60")
    meet_expect(&room, n, seconds)


def inside():
    return room.highest
