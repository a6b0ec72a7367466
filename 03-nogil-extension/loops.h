/* The work, which needs no GIL: it touches no Python object, and does not even know Python.h. */
#ifndef LOOPS_H
#define LOOPS_H

#include <stddef.h>
#include <stdint.h>

#include "inside.h"

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
static uint64_t count_range(struct inside *inside, uint64_t lo, uint64_t hi)
{
    uint64_t primes = 0;

    inside_enter(inside);
    for (uint64_t n = lo; n < hi; n++)
        primes += (uint64_t)is_prime(n);
    inside_leave(inside);
    return primes;
}

/* Return the first prime in [n, hi), or hi. */
static uint64_t next_prime(struct inside *inside, uint64_t n, uint64_t hi)
{
    inside_enter(inside);
    while (n < hi && !is_prime(n))
        n++;
    inside_leave(inside);
    return n;
}

static uint64_t sum_bytes(struct inside *inside, const unsigned char *bytes, size_t n)
{
    uint64_t sum = 0;

    inside_enter(inside);
    for (size_t i = 0; i < n; i++)
        sum += bytes[i];
    inside_leave(inside);
    return sum;
}

#endif
