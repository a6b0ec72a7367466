"""Numba: Python that LLVM compiles. A call holds the GIL, and releases it with `nogil=True`."""

import ctypes

from numba import njit

# Compiled code calls a ctypes function, if it knows the types. primes.py has loaded this one.
room_visit = ctypes.CDLL(None).room_visit
room_visit.argtypes, room_visit.restype = (), None


def count(lo, hi):
    primes = 0
    room_visit()
    for n in range(lo, hi):
        d = 2
        while d * d <= n and n % d != 0:
            d += 1
        primes += n >= 2 and d * d > n
    return primes


# The types have both compiled now, at the import, and not in the first call.
held = njit("int64(int64, int64)")(count)
released = njit("int64(int64, int64)", nogil=True)(count)
