/* One row at a time. Each row needs the weights that the row before it has just changed, so the
 * processor spends most of its time waiting for its own results.
 */
#include "rung.h"

void serial(const void *rows, const float *labels, const int64_t *order, size_t blocks, float step,
            float shrink, struct worker *restrict worker)
{
    float *restrict w = worker->weights, *restrict sum = worker->sum;

    for (size_t k = 0; k < blocks; k++) {
        const float (*row)[FEATURES] = (const float (*)[FEATURES])rows + order[k] * BLOCK;
        const float *label = labels + order[k] * BLOCK;
        for (int i = 0; i < BLOCK; i++) {
            float margin = 0;
            for (int j = 0; j < FEATURES; j++)
                margin += w[j] * row[i][j];
            const float factor = step * label[i] / (1 + expf(label[i] * margin));
            for (int j = 0; j < FEATURES; j++)
                w[j] += factor * row[i][j];
            if (i % BATCH == BATCH - 1)
                for (int j = 0; j < FEATURES; j++)
                    sum[j] += w[j] *= shrink;
        }
    }
    worker->summed += (float)(blocks * (BLOCK / BATCH));
}
