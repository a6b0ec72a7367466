/* What the rungs in C share. Each of them is one function of type `rung`, in a file of its name. */
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { FEATURES = 32 }; /* of a row: 128 bytes, two cache lines */
enum { BLOCK = 512 };   /* rows that are visited one after the other: memory likes long reads */
enum { BATCH = 32 };    /* rows after which the weights shrink and are added to their sum */

/* What one thread owns, on a page of its own: nobody else writes to its cache lines. */
struct worker {
    _Alignas(4096) float weights[FEATURES];
    float sum[FEATURES]; /* of the weights after each batch, for their average */
    float summed;        /* so many */
};

/* Train on these blocks of rows, in this order. rows: as floats, or packed for bfloat16.
 * The weights shrink by `shrink` once a batch: that is the step which keeps them small. */
typedef void rung(const void *rows, const float *labels, const int64_t *order, size_t blocks,
                  float step, float shrink, struct worker *restrict worker);

/* exp(x) to about 5 digits. It has no branch and no call, so a loop over it becomes vector code:
 * 2^k, whose bits are easy to make, times a polynomial for the rest. */
static inline float short_exp(float x)
{
    x = x > 80 ? 80 : x > -80 ? x : -80; /* NaN becomes a number, too */
    const float k = rintf(x * 1.44269504f), r = x - k * 0.693147181f;
    const int32_t bits = ((int32_t)k + 127) * (1 << 23);
    float power;

    memcpy(&power, &bits, sizeof power);
    return power * (1 + r * (1 + r * (1 / 2.f + r * (1 / 6.f + r * (1 / 24.f + r / 120)))));
}
