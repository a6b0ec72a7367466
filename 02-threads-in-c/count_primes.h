/* Count primes by trial division: work without memory, and more of it for larger numbers. */
#pragma once
#include <stdint.h>

static inline int is_prime(uint64_t n)
{
    if (n < 2)
        return 0;
    for (uint64_t d = 2; d * d <= n; d++)
        if (n % d == 0)
            return 0;
    return 1;
}

/* Count the primes in low <= n < high. */
static inline uint64_t count_primes(uint64_t low, uint64_t high)
{
    uint64_t primes = 0;

    for (uint64_t n = low; n < high; n++)
        primes += (uint64_t)is_prime(n);
    return primes;
}
