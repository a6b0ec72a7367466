/* The work, which needs no GIL: it touches no Python object, and does not even know Python.h. */
#pragma once

static const long long LIMIT = 1000000000000; /* up to here d * d is far from overflowing */

#define NO_RANGE "expected 0 <= lo <= hi <= 10**12, not lo = %lld, hi = %lld"

static inline int is_range(long long lo, long long hi)
{
    return 0 <= lo && lo <= hi && hi <= LIMIT;
}

static inline int is_prime(long long n)
{
    for (long long d = 2; d * d <= n; d++)
        if (n % d == 0)
            return 0;
    return n >= 2;
}

/* Count the primes in lo <= n < hi. */
static inline long long count_primes(long long lo, long long hi)
{
    long long primes = 0;

    for (long long n = lo; n < hi; n++)
        primes += is_prime(n);
    return primes;
}
