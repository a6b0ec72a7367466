# `nogil` in a signature and nothing more, beside a block that really releases the GIL.
#
#     python mistakes/declared_only.py

cdef extern from "../tools/meet.h" nogil:
    struct meeting:
        pass
    int meet(meeting *, int n, double seconds) noexcept
    void meet_reset(meeting *) noexcept

cdef meeting room


cpdef int declared(double timeout) noexcept nogil:
    """Wait inside for a second thread; return how many were inside at one moment."""
    return meet(&room, 2, timeout)


def released(double timeout):
    """The same with the GIL released."""
    cdef int met
    with nogil:
        met = meet(&room, 2, timeout)
    return met


def reset():
    """Forget who was inside."""
    meet_reset(&room)
