/* 32 rows at a time, while memory delivers the next block. A batch is read twice, for its margins
 * and for the update. The second time it is in the cache, so memory has nothing else to do then.
 */
#include "rung.h"

void prefetched(const void *rows, const float *labels, const int64_t *order, size_t blocks,
                float step, float shrink, struct worker *restrict worker)
{
    float *restrict w = worker->weights, *restrict sum = worker->sum, factor[BATCH];

    for (size_t k = 0; k < blocks; k++) {
        const float (*row)[FEATURES] = (const float (*)[FEATURES])rows + order[k] * BLOCK;
        const float *label = labels + order[k] * BLOCK;
        const int64_t after = k + 1 < blocks ? order[k + 1] : order[k];
        const char *next = (const char *)rows + after * BLOCK * (int64_t)sizeof *row;
        for (int i = 0; i < BLOCK / BATCH; i++, row += BATCH, label += BATCH) {
            for (int b = 0; b < BATCH; b++) {
                factor[b] = 0;
#pragma GCC unroll 1 /* unrolled, it would not become vector code */
                for (int j = 0; j < FEATURES; j++)
                    factor[b] += w[j] * row[b][j];
            }
            for (int b = 0; b < BATCH; b++)
                factor[b] = step * label[b] / (1 + short_exp(label[b] * factor[b]));
            for (int b = 0; b < BATCH; b += 4) {
                for (int line = 0; line < 8; line++, next += 64)
                    __builtin_prefetch(next, 0, 2); /* to read, into the second cache */
#pragma GCC unroll 1
                for (int j = 0; j < FEATURES; j++)
                    w[j] += factor[b] * row[b][j] + factor[b + 1] * row[b + 1][j] +
                            factor[b + 2] * row[b + 2][j] + factor[b + 3] * row[b + 3][j];
            }
            for (int j = 0; j < FEATURES; j++)
                sum[j] += w[j] *= shrink;
        }
    }
    worker->summed += (float)(blocks * (BLOCK / BATCH));
}
