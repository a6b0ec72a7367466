/* Count primes by trial division: work without memory, and more of it for larger numbers. */
#pragma once
#include <stdint.h>

/* Count the primes in low <= n < high. */
static inline uint64_t count_primes(uint64_t low, uint64_t high)
{
    uint64_t primes = 0;

    for (uint64_t n = low < 2 ? 2 : low; n < high; n++) {
        uint64_t d = 2;
        while (d * d <= n && n % d != 0)
            d++;
        primes += d * d > n;
    }
    return primes;
}
