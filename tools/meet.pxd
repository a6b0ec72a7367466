# meet.h for Cython: from meet cimport meet, meeting
cdef extern from "../tools/meet.h" nogil:
    struct meeting:
        int inside, highest
    int meet(meeting *, int n, double seconds) noexcept
