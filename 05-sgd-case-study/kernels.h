/* Two ways to train on a block of rows. Both answer the same, to rounding and one small delay. */
#include "flights.h"

enum { BATCH = 16 }; /* rows after which the weights shrink and are added to their sum */

/* What one thread owns, on pages of its own: nobody else writes to its cache lines. */
struct shard {
    _Alignas(4096) float weights[FEATURES];
    float sum[FEATURES]; /* of the weights, for their average */
    size_t low, high;    /* its part of the order of blocks */
};

/* Train on one block. `step` is the step size; the weights shrink by `shrink` once a batch. */
typedef void kernel(const float *restrict rows, const float *restrict labels, float step,
                    float shrink, struct shard *restrict shard);

kernel train_rows, train_batches;
