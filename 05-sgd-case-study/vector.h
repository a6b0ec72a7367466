/* Registers full of floats, sums across them, and an exponential function for them. */
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifndef __has_builtin
#define __has_builtin(name) 0
#endif

#define INLINE static inline __attribute__((always_inline)) /* so that arguments are constants */
enum { CACHE_LINE = 64, READ = 0, L2 = 2 }; /* READ, L2: what is fetched for, and where to */

/* WIDTH: floats in a register of the processor that we compile for. A vector wider than that would
 * be taken apart again, at a price. PICK: every second float of two vectors, the even or the odd
 * ones. */
#if !__has_builtin(__builtin_shufflevector)
enum { WIDTH = 4 }; /* gcc 11: without PICK, see pairs() */
#elif defined(__AVX512F__)
enum { WIDTH = 16 };
#define PICK(a, b, odd)                                                                            \
    __builtin_shufflevector(a, b, odd, 2 + odd, 4 + odd, 6 + odd, 8 + odd, 10 + odd, 12 + odd,     \
                            14 + odd, 16 + odd, 18 + odd, 20 + odd, 22 + odd, 24 + odd, 26 + odd,  \
                            28 + odd, 30 + odd)
#elif defined(__AVX__)
enum { WIDTH = 8 };
#define PICK(a, b, odd)                                                                            \
    __builtin_shufflevector(a, b, odd, 2 + odd, 4 + odd, 6 + odd, 8 + odd, 10 + odd, 12 + odd,     \
                            14 + odd)
#else
enum { WIDTH = 4 };
#define PICK(a, b, odd) __builtin_shufflevector(a, b, odd, 2 + odd, 4 + odd, 6 + odd)
#endif

typedef float vector __attribute__((vector_size(4 * WIDTH), may_alias));
typedef uint32_t words __attribute__((vector_size(4 * WIDTH), may_alias)); /* of any data */

/* Of a = a0 a1 a2 ... and b: a0+a1 a2+a3 ... b0+b1 b2+b3 ... */
static inline vector pairs(vector a, vector b)
{
#ifdef PICK
    return PICK(a, b, 0) + PICK(a, b, 1);
#else
    return (vector){a[0] + a[1], a[2] + a[3], b[0] + b[1], b[2] + b[3]};
#endif
}

/* Put the products of row b with those of the rows before it that wait, as the bits of a counter of
 * the rows do; return where. After the last row of WIDTH that is the level with all sums. */
INLINE int carry(vector level[], int b, vector products)
{
    int at = 0;

#pragma GCC unroll 4
    for (; b >> at & 1; at++)
        products = pairs(level[at], products);
    level[at] = products;
    return at;
}

/* exp(x) to about 5 digits without a branch or a call, so that a loop over it becomes vector
 * code: 2^k made of the bits of a float, times a polynomial for the rest. */
static inline float vector_exp(float x)
{
    x = x > 80 ? 80 : x > -80 ? x : -80; /* so that NaN becomes a number */
    float k = rintf(x * 1.44269504f), r = x - k * 0.693147181f, power;
    int32_t bits = ((int32_t)k + 127) * (1 << 23);
    memcpy(&power, &bits, sizeof power);
    return power * (1 + r * (1 + r * (1 / 2.f + r * (1 / 6.f + r * (1 / 24.f + r / 120)))));
}
