# A benchmark has no loop left: the compiler deleted it.
# expected  "1,000,000,000,000,000 steps" in a microsecond.
# cause     The compiler sees that the loop can only end with steps = n, and returns n. At a
#           nanosecond a step, the loop would have taken eleven days.
# fix       A barrier tells the compiler that steps may have changed, so the loop must count. Or
#           let each step need the step before, and check the answer.
# remember  Too fast is wrong, too: check the answer.

from libc.stdint cimport uint64_t
from time import perf_counter

cdef extern from *:
    """
    #define BARRIER(x) __asm__ volatile("" : "+r"(x))
    """
    void BARRIER(uint64_t) noexcept


def broken(uint64_t n):
    cdef uint64_t i, steps = 0
    for i in range(n):
        steps += 1
    return steps


def fixed_by_barrier(uint64_t n):
    cdef uint64_t i, steps = 0
    for i in range(n):
        steps += 1
        BARRIER(steps)
    return steps


def fixed_by_answer(uint64_t n):
    cdef uint64_t i, x = 0
    for i in range(n):
        x = x * x + 1
    return x


def observe(function):
    assert function(1000) in (1000, 926155691629764698)  # as Python computes them
    for power in range(3, 16):
        start = perf_counter()
        function(10**power)
        spent = perf_counter() - start
        if spent > 0.1:
            break
    return f"{10**power:,} steps in {spent * 1e6:,.1f} microseconds"
