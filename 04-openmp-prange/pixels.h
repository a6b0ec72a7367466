/* The counts of one row of n x n pixels: how many steps z = z*z + c each makes while |z|^2 <= 4.
 * With fused multiply-adds, which round once instead of twice, some would depend on the processor:
 * compile with -ffp-contract=off. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { LANES = 32 }; /* pixels at a time */
/* Middle and width of the picture, whose upper half takes 26 times as many steps as the lower. */
static const double X = -0.6, Y = 0.65, WIDTH = 2;

static inline double center(double middle, size_t i, size_t n)
{
    return middle + ((double)i + 0.5 - (double)n / 2) * WIDTH / (double)n;
}

static inline void one_by_one(size_t n, size_t r, uint32_t most, uint32_t *counts)
{
    const double ci = center(Y, r, n);

    for (size_t k = 0; k < n; k++) {
        const double cr = center(X, k, n);
        double zr = 0, zi = 0;
        uint32_t count = 0;
        for (; count < most && zr * zr + zi * zi <= 4; count++) {
            const double next = zr * zr - zi * zi + cr;
            zi = 2 * zr * zi + ci;
            zr = next;
        }
        counts[k] = count;
    }
}

/* All lanes go on until none is inside any more. One that is outside stays there and counts no
 * longer: its z grows to infinity and then is NaN, and NaN <= 4 is false. */
static inline void in_lanes(size_t n, size_t r, uint32_t most, uint32_t *counts)
{
    const double ci = center(Y, r, n);

    for (size_t k = 0; k < n; k += LANES) {
        double cr[LANES], zr[LANES] = {0}, zi[LANES] = {0};
        int64_t count[LANES] = {0}, inside = LANES; /* as wide as a double: one kind of register */
        for (size_t l = 0; l < LANES; l++)
            cr[l] = center(X, k + l, n);
        for (uint32_t step = 0; step < most && inside > 0; step++) {
            inside = 0;
#pragma omp simd reduction(+ : inside)
            for (size_t l = 0; l < LANES; l++) {
                const double zr2 = zr[l] * zr[l], zi2 = zi[l] * zi[l];
                const int64_t in = zr2 + zi2 <= 4;
                count[l] += in;
                inside += in;
                zi[l] = 2 * zr[l] * zi[l] + ci;
                zr[l] = zr2 - zi2 + cr[l];
            }
        }
        for (size_t l = 0; l < LANES && k + l < n; l++)
            counts[k + l] = (uint32_t)count[l];
    }
}
