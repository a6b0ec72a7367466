# `nogil` in a signature and nothing more, beside a block that really releases the GIL.
#
#     python mistakes/declared_only.py

cdef extern from "inside.h" nogil:
    ctypedef struct inside_t "struct inside":
        pass
    int inside_meet(inside_t *, int, double) noexcept
    void inside_reset(inside_t *) noexcept

cdef inside_t room


cpdef int declared(double timeout) noexcept nogil:
    """Wait inside for a second thread; return how many were inside at one moment."""
    return inside_meet(&room, 2, timeout)


def released(double timeout):
    """The same with the GIL released."""
    cdef int met
    with nogil:
        met = inside_meet(&room, 2, timeout)
    return met


def reset():
    """Forget who was inside."""
    inside_reset(&room)
