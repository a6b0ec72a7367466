/* One row at a time, or a batch of rows at a time: the same arithmetic, in an order that the
 * processor can overlap. Compiled together with sgd.c, see there.
 */
#include "kernels.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Each row must wait for the weights that the row before it left: margin, exp, update, margin ...
 * The processor spends most of the time waiting for its own results. */
void train_rows(const float *restrict rows, const float *restrict labels, float step, float shrink,
                struct shard *restrict shard)
{
    float *restrict w = shard->weights;

    for (int i = 0; i < BLOCK; i++, rows += FEATURES) {
        float margin = 0;
        for (int j = 0; j < FEATURES; j++)
            margin += w[j] * rows[j];
        float factor = step * labels[i] / (1 + expf(labels[i] * margin));
        for (int j = 0; j < FEATURES; j++)
            w[j] += factor * rows[j];
        if (i % BATCH == BATCH - 1)
            for (int j = 0; j < FEATURES; j++)
                shard->sum[j] += w[j] *= shrink;
    }
}

/* exp(x) to about 5 digits without a branch or a call, so that a loop over it becomes vector
 * code: 2^k made of the bits of a float, times a polynomial for the rest. */
static inline float vector_exp(float x)
{
    x = x < -80 ? -80 : x > 80 ? 80 : x;
    float k = rintf(x * 1.44269504f), r = x - k * 0.693147181f, power;
    int32_t bits = ((int32_t)k + 127) * (1 << 23);
    memcpy(&power, &bits, sizeof power);
    return power * (1 + r * (1 + r * (1 / 2.f + r * (1 / 6.f + r * (1 / 24.f + r / 120)))));
}

/* A batch sees the weights of its beginning, so its margins do not wait for each other, its
 * exponentials share vector registers, and the weights are read and written once. */
void train_batches(const float *restrict rows, const float *restrict labels, float step,
                   float shrink, struct shard *restrict shard)
{
    float *restrict w = shard->weights, *restrict sum = shard->sum, factor[BATCH];

    for (int i = 0; i < BLOCK; i += BATCH, rows += BATCH * FEATURES) {
        for (int b = 0; b < BATCH; b++) {
            float margin = 0;
#pragma omp simd reduction(+ : margin)
            for (int j = 0; j < FEATURES; j++)
                margin += w[j] * rows[b * FEATURES + j];
            factor[b] = margin;
        }
#pragma omp simd
        for (int b = 0; b < BATCH; b++)
            factor[b] = step * labels[i + b] / (1 + vector_exp(labels[i + b] * factor[b]));
#pragma omp simd
        for (int j = 0; j < FEATURES; j++) {
            float weight = w[j];
            for (int b = 0; b < BATCH; b++)
                weight += factor[b] * rows[b * FEATURES + j];
            w[j] = weight * shrink;
            sum[j] += w[j];
        }
    }
}
