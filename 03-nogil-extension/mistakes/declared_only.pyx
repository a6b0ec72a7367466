# A function declared `nogil` keeps the GIL all the same.
# expected  Two threads call the function, and only "1 of 2 threads" is inside at one moment.
# cause     `nogil` in a signature says that code without the GIL may call the function. The
#           signature releases nothing, and a caller from Python comes in with the GIL.
# fix       `with nogil:` around the work, in the function that Python calls.
# remember  `nogil` is a permission, and `with nogil:` is the action.

from concurrent.futures import ThreadPoolExecutor

from meet cimport meet, meeting

cdef meeting room


cpdef int broken(double seconds) noexcept nogil:
    return meet(&room, 2, seconds)


def fixed(double seconds):
    cdef int met
    with nogil:
        met = meet(&room, 2, seconds)
    return met


def observe(function):
    seconds = 0.2 if function.__name__ == "broken" else 60  # the first wait is in vain
    with ThreadPoolExecutor(2) as pool:
        met = max(pool.map(function, [seconds] * 2))
    return f"{met} of 2 threads inside {function.__name__}() at one moment"
