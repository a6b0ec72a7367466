# The module of primesmodule.c once more, in Cython: less to write, and the same to know.
#
#     make build && python primes.py
#
# It is imported as primes_cython. What Cython made of it is build/primes.c, and what each line
# became build/primes.html: the yellower a line, the more Python there is in it.
#
# cython: language_level=3
#     Python 3 rules for the source, said here so that no default can change it.
# cython: cdivision=True
#     n % d as in C. Python's rules check for d == 0 each time, and a check may raise.
# cython: boundscheck=False
# cython: wraparound=False
#     No check of each index of a memoryview, and no index from the end: see sum_bytes.
# cython: freethreading_compatible=True
#     Without it a free-threaded Python turns its GIL back on when this module is imported. It is
#     a promise: the one thing that threads share here, `room`, is made of atomics.
#
# Unlike counter.pyx this module is not subinterpreters_compatible: memoryviews and `with gil` do
# not work yet in an interpreter with a GIL of its own, as Cython warns. There the import fails,
# cleanly.

from libc.stdint cimport int64_t, uint64_t
from cpython.exc cimport PyErr_CheckSignals
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec
from operator import index

cdef extern from "../tools/meet.h" nogil:
    struct meeting:
        int highest
    void meet_enter(meeting *) noexcept
    void meet_leave(meeting *) noexcept
    void meet_reset(meeting *) noexcept
    int wait_for "meet" (meeting *, int n, double seconds) noexcept

cdef meeting room

cdef enum:
    MAX_THREADS = 256
    MAX_TIMEOUT = 60
cdef uint64_t LIMIT = 10**12  # up to here d * d is far from overflowing
cdef double PIECE = 0.020  # seconds without the GIL between looks at Ctrl-C


# The loops. `nogil`: may be called without the GIL. `noexcept`: raises nothing, so that no caller
# has to ask for an exception, for which it would have to take the GIL: after every call if the
# function returns nothing, otherwise only when it returns a certain value.

cdef double seconds_now() noexcept nogil:
    cdef timespec t
    clock_gettime(CLOCK_MONOTONIC, &t)
    return t.tv_sec + t.tv_nsec * 1e-9


cdef bint is_prime(uint64_t n) noexcept nogil:
    cdef uint64_t d = 2
    if n < 2:
        return False
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return True


cdef uint64_t count_range(uint64_t lo, uint64_t hi) noexcept nogil:
    cdef uint64_t n = lo, primes = 0
    meet_enter(&room)
    while n < hi:
        primes += is_prime(n)
        n += 1
    meet_leave(&room)
    return primes


cdef uint64_t sum_bytes(const unsigned char[::1] values) noexcept nogil:
    cdef uint64_t total = 0
    cdef Py_ssize_t i
    meet_enter(&room)
    for i in range(values.shape[0]):
        total += values[i]
    meet_leave(&room)
    return total


cdef uint64_t next_prime(uint64_t n, uint64_t hi) noexcept nogil:
    """Return the first prime in [n, hi), or hi."""
    meet_enter(&room)
    while n < hi and not is_prime(n):
        n += 1
    meet_leave(&room)
    return n


# These two can raise. `except -1` says how a caller sees it, and it needs no GIL to look: -1 is
# never a right answer. What does need the GIL stands in a block of its own.

cdef int check_signals() except -1 nogil:
    with gil:
        PyErr_CheckSignals()
    return 0


cdef int64_t count_in_pieces(uint64_t lo, uint64_t hi) except -1 nogil:
    cdef uint64_t primes = 0, piece = 1, end
    cdef double seconds
    while lo < hi:
        end = hi if hi - lo < piece else lo + piece
        seconds = -seconds_now()
        primes += count_range(lo, end)
        seconds += seconds_now()
        check_signals()  # KeyboardInterrupt leaves through here, and through whoever called us
        if seconds < PIECE / 2:  # how many numbers make a piece depends on their size
            piece *= 2
        elif seconds > PIECE:
            piece = piece // 2 + 1
        lo = end
    return <int64_t>primes


# What Python sees. Each function checks its arguments, then lets go of the GIL in one place.

cdef uint64_t whole(value, str name, uint64_t low, uint64_t high) except? 0:
    """Read a whole number from low to high; raise an error that names the argument."""
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{name}: expected an int, not {type(value).__name__}") from None
    if number < low:
        raise ValueError(f"{name}: expected at least {low}")
    if number > high:
        raise OverflowError(f"{name}: expected at most {high}")
    return number


cdef uint64_t upper(hi, uint64_t lo) except? 0:
    cdef uint64_t last = whole(hi, "hi", 0, LIMIT)
    if last < lo:
        raise ValueError("hi: expected at least lo")
    return last


def count_held(lo, hi, /):
    """Count the primes in [lo, hi), holding the GIL all the way: `nogil` releases nothing."""
    cdef uint64_t first = whole(lo, "lo", 0, LIMIT), last = upper(hi, first)
    return count_range(first, last)


def count(lo, hi, /):
    """Count the primes in [lo, hi) by trial division, with the GIL released.

    lo and hi are ints from 0 to 10**12. A call cannot be interrupted.

    Raises TypeError for what is no int, ValueError for a negative number or for hi < lo,
    OverflowError above 10**12.
    """
    cdef uint64_t first = whole(lo, "lo", 0, LIMIT), last = upper(hi, first), primes
    with nogil:
        primes = count_range(first, last)
    return primes


def count_interruptible(lo, hi, /):
    """Count like count(), and let Ctrl-C stop it: in the main thread, KeyboardInterrupt is raised.

    The GIL is taken for a moment about every 20 ms.
    """
    cdef uint64_t first = whole(lo, "lo", 0, LIMIT), last = upper(hi, first)
    cdef int64_t primes
    with nogil:
        primes = count_in_pieces(first, last)
    return primes


def sum_buffer(const unsigned char[::1] obj not None, /):
    """Return the sum of the bytes of a contiguous buffer, with the GIL released.

    obj is bytes, bytearray, array('B'), a NumPy array of uint8 ... A memoryview holds the buffer
    until it goes away, here at the end of the call: resizing a bytearray before raises BufferError.

    Raises TypeError for what is no buffer, ValueError for other items than bytes, and for gaps
    BufferError or ValueError, as its owner does.
    """
    cdef uint64_t total
    with nogil:
        total = sum_bytes(obj)
    return total


def for_each(lo, hi, callback, /):
    """Call callback(prime) for every prime in [lo, hi) and return how many there were.

    The search holds no GIL; each callback takes it. It runs in the calling thread, so that an
    exception needs no help to get out. Same errors as count(), TypeError for a callback that
    cannot be called.
    """
    cdef uint64_t n = whole(lo, "lo", 0, LIMIT), last = upper(hi, n), visited = 0
    if not callable(callback):
        raise TypeError(f"callback: expected a callable, not {type(callback).__name__}")
    with nogil:
        while True:
            n = next_prime(n, last)
            if n == last:
                break
            with gil:
                callback(n)
            visited += 1
            n += 1
    return visited


def meet(n, double timeout, /):
    """Wait, with the GIL released, until n threads are inside; return how many were.

    n is from 1 to 256, timeout in seconds from 0 to 60. Same errors as the C module's meet().
    """
    cdef int threads = <int>whole(n, "n", 1, MAX_THREADS), met
    if not timeout >= 0:  # this way round, so that nan is refused
        raise ValueError("timeout: expected 0 seconds or more")
    if timeout > MAX_TIMEOUT:
        raise OverflowError(f"timeout: expected at most {MAX_TIMEOUT} seconds")
    with nogil:
        met = wait_for(&room, threads, timeout)
    return met


def inside():
    """Return the highest number of threads that were inside at one moment."""
    return room.highest


def reset_inside():
    """Start inside() again."""
    meet_reset(&room)
