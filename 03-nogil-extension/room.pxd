# A room that counts the threads in it: counter.pyx and primes.pyx have one each.
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
    void meet_others(meeting *) noexcept nogil
    void meet_reset(meeting *) noexcept nogil
    void meet_expect(meeting *, int n, double seconds) noexcept nogil
