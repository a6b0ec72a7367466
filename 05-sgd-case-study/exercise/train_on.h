/* What exercise/check.py gives to the reader's train(): rows, and a function that trains on them.
 */
#pragma once
#include <stddef.h>

enum { FEATURES = 32, ROWS = 512, MOST_WORKERS = 16 }; /* ROWS: of a block */

struct data {
    const float *rows, *labels; /* of all blocks, one after the other */
    size_t blocks;
};

/* Train these weights on one block, row by row. Other threads may do the same with other weights.
 */
void train_on(const struct data *data, size_t block, float *weights);

/* The exercise. threads: at most MOST_WORKERS. blocks is a multiple of threads * every. answer
 * holds zeros when train() is called. */
void train(const struct data *data, int threads, size_t every, int epochs, float *answer);
