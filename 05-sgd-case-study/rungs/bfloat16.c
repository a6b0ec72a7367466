/* Rows in half the bytes. A bfloat16 is the upper half of a float: 8 binary digits, enough for a
 * feature and not for a weight. Word j of a row holds feature j in its upper half and feature
 * j + 16 in its lower half, so that two instructions make floats of both. A row is one cache line.
 */
#include "rung.h"

enum { WORDS = FEATURES / 2 };

static inline float as_float(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

#define HIGH(word) as_float((word) & 0xffff0000)
#define LOW(word) as_float((word) << 16)

void bfloat16(const void *rows, const float *labels, const int64_t *order, size_t blocks,
              float step, float shrink, struct worker *restrict worker)
{
    float *restrict w = worker->weights, *restrict sum = worker->sum, factor[BATCH];

    for (size_t k = 0; k < blocks; k++) {
        const uint32_t (*row)[WORDS] = (const uint32_t (*)[WORDS])rows + order[k] * BLOCK;
        const float *label = labels + order[k] * BLOCK;
        const int64_t after = k + 1 < blocks ? order[k + 1] : order[k];
        const char *next = (const char *)rows + after * BLOCK * (int64_t)sizeof *row;
        for (int i = 0; i < BLOCK / BATCH; i++, row += BATCH, label += BATCH) {
            for (int b = 0; b < BATCH; b++) {
                factor[b] = 0;
#pragma GCC unroll 1
                for (int j = 0; j < WORDS; j++)
                    factor[b] += w[j] * HIGH(row[b][j]) + w[j + WORDS] * LOW(row[b][j]);
            }
            for (int b = 0; b < BATCH; b++)
                factor[b] = step * label[b] / (1 + short_exp(label[b] * factor[b]));
            for (int b = 0; b < BATCH; b += 4) {
                for (int line = 0; line < 4; line++, next += 64)
                    __builtin_prefetch(next, 0, 2);
#pragma GCC unroll 1
                for (int j = 0; j < WORDS; j++) {
                    w[j] += factor[b] * HIGH(row[b][j]) + factor[b + 1] * HIGH(row[b + 1][j]) +
                            factor[b + 2] * HIGH(row[b + 2][j]) +
                            factor[b + 3] * HIGH(row[b + 3][j]);
                    w[j + WORDS] +=
                        factor[b] * LOW(row[b][j]) + factor[b + 1] * LOW(row[b + 1][j]) +
                        factor[b + 2] * LOW(row[b + 2][j]) + factor[b + 3] * LOW(row[b + 3][j]);
                }
            }
            for (int j = 0; j < FEATURES; j++)
                sum[j] += w[j] *= shrink;
        }
    }
    worker->summed += (float)(blocks * (BLOCK / BATCH));
}
