/* The work, which needs no GIL: it touches no Python object, and does not even know Python.h. */
#ifndef LOOPS_H
#define LOOPS_H

#include <stddef.h>
#include <stdint.h>

#include "../tools/meet.h"

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int is_prime(uint64_t n)
{
    if (n < 2)
        return 0;
    for (uint64_t d = 2; d * d <= n; d++)
        if (n % d == 0)
            return 0;
    return 1;
}

/* Count the primes in [lo, hi). */
static uint64_t count_range(struct meeting *meeting, uint64_t lo, uint64_t hi)
{
    uint64_t primes = 0;

    meet_enter(meeting);
    for (uint64_t n = lo; n < hi; n++)
        primes += (uint64_t)is_prime(n);
    meet_leave(meeting);
    return primes;
}

/* Return the first prime in [n, hi), or hi. */
static uint64_t next_prime(struct meeting *meeting, uint64_t n, uint64_t hi)
{
    meet_enter(meeting);
    while (n < hi && !is_prime(n))
        n++;
    meet_leave(meeting);
    return n;
}

static uint64_t sum_bytes(struct meeting *meeting, const unsigned char *bytes, size_t n)
{
    uint64_t sum = 0;

    meet_enter(meeting);
    for (size_t i = 0; i < n; i++)
        sum += bytes[i];
    meet_leave(meeting);
    return sum;
}

#endif
