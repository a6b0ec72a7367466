"""Numba: Python that LLVM compiles. It holds the GIL; `nogil=True` releases it for the whole call.

The types in @njit have everything compiled at import, before anybody looks at a clock.
"""

import ctypes
from pathlib import Path

from numba import njit

# Compiled code calls a ctypes function directly, if it knows the types.
room = ctypes.CDLL(Path(__file__).resolve().parent.parent / "build" / "other" / "libroom.so")
room_enter, room_leave, room_meet = room.room_enter, room.room_leave, room.room_meet
room_enter.argtypes = room_leave.argtypes = ()
room_enter.restype = room_leave.restype = None
room_meet.argtypes, room_meet.restype = (ctypes.c_int, ctypes.c_double), ctypes.c_int


@njit("boolean(int64)")
def is_prime(n):
    if n < 2:
        return False
    d = 2
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return True


@njit("int64(int64, int64)", nogil=True)
def count(lo, hi):
    room_enter()
    primes = 0
    for n in range(lo, hi):
        primes += is_prime(n)
    room_leave()
    return primes


@njit("int32(int32, float64)", nogil=True)
def meet(n, timeout):
    return room_meet(n, timeout)


@njit("int32(int32, float64)")
def meet_held(n, timeout):
    return room_meet(n, timeout)
