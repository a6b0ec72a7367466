/* Ways to train on a block of rows. All answer the same, to rounding and one small delay. */
#pragma once
#include "flights.h"

#include <stdint.h>

enum { BATCH = 32 }; /* rows after which the weights shrink and are added to their sum */

/* What one thread owns, on pages of its own: nobody else writes to its cache lines. */
struct shard {
    _Alignas(4096) float weights[FEATURES];
    float sum[FEATURES]; /* of the weights, for their average */
    size_t summed;       /* how many */
    size_t low, high;    /* its part of the order of blocks */
};

/* Train on one block; `next` is the block that comes after it. `step` is the step size; the
 * weights shrink by `shrink` once a batch. Rows are 64-byte aligned. */
typedef void kernel(const void *rows, const float *labels, const void *next, float step,
                    float shrink, struct shard *restrict shard);

kernel train_rows;       /* one row at a time */
kernel train_batches;    /* 32 rows at a time, in vectors */
kernel train_prefetched; /* ... while the next block is fetched from memory */
kernel train_bfloat16;   /* ... of rows in half the bytes */

/* Bytes of a row: of floats, and of bfloat16, see storage.c. With 32 features: 1 or 2 cache lines.
 */
enum { FLOATS = FEATURES * 4, HALVES = FEATURES * 2 };
