# Two threads count in one element of an array: c[0] += 1.
# expected  They count to 1,000, and some "updates are lost".
# cause     c[0] += 1 is three steps: read, add, write. Both threads read 0, and both write 1. So
#           of two updates one is lost, and with it what the other thread counts meanwhile.
# fix       A sum in a number, total += 1, and c[0] = total after the loop.
# remember  In a prange += on a number is a reduction, and += on an element is a race.

from cython.parallel cimport prange
from meet cimport meet, meeting

cdef meeting room


def broken(long n):
    cdef long i, value
    cdef long c[1]
    c[0] = 0
    for i in prange(n, nogil=True, schedule="static", num_threads=2):
        value = c[0]
        meet(&room, 2, 20)  # once: makes the unlucky moment certain
        c[0] = value + 1
    return c[0]


def fixed(long n):
    cdef long i, total = 0
    cdef long c[1]
    for i in prange(n, nogil=True, schedule="static", num_threads=2):
        total += 1
    c[0] = total
    return c[0]


def observe(function):
    lost = 1000 - function(1000)
    return f"{lost} updates are lost" if lost else "c[0] is 1,000"
