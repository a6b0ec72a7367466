# meet.h for Cython: from meet cimport meet, meeting
cdef extern from "../tools/meet.h" nogil:
    struct meeting:
        int inside, highest
    void meet_enter(meeting *) noexcept
    void meet_leave(meeting *) noexcept
    void meet_others(meeting *) noexcept
    void meet_reset(meeting *) noexcept
    void meet_expect(meeting *, int n, double seconds) noexcept
    int meet(meeting *, int n, double seconds) noexcept
