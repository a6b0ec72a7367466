/* 32 rows at a time. All rows of a batch see the weights from before the batch, so no row waits for
 * another one, and the margins and exponentials of many rows fill the vector registers.
 */
#include "rung.h"

void batched(const void *rows, const float *labels, const int64_t *order, size_t blocks, float step,
             float shrink, struct worker *restrict worker)
{
    float *restrict w = worker->weights, *restrict sum = worker->sum, factor[BATCH];

    for (size_t k = 0; k < blocks; k++) {
        const float (*row)[FEATURES] = (const float (*)[FEATURES])rows + order[k] * BLOCK;
        const float *label = labels + order[k] * BLOCK;
        for (int i = 0; i < BLOCK / BATCH; i++, row += BATCH, label += BATCH) {
            for (int b = 0; b < BATCH; b++) {
                factor[b] = 0;
#pragma GCC unroll 1 /* unrolled, it would not become vector code */
                for (int j = 0; j < FEATURES; j++)
                    factor[b] += w[j] * row[b][j];
            }
            for (int b = 0; b < BATCH; b++)
                factor[b] = step * label[b] / (1 + short_exp(label[b] * factor[b]));
            for (int b = 0; b < BATCH; b += 4) { /* of four rows, to touch the weights less often */
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
