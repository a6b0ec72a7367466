# A room that counts the threads in it, for counter.pyx and primes.pyx: each has one of its own.
cdef extern from *:
    """
    #include "../tools/meet.h"
    static struct meeting room;
    """
    struct meeting:
        int highest  # so many threads were inside at one moment
    meeting room
    void meet_enter(meeting *) noexcept nogil
    void meet_leave(meeting *) noexcept nogil
    void meet_reset(meeting *) noexcept nogil
    int meet(meeting *, int n, double seconds) noexcept nogil
