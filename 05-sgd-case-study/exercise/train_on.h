/* What the exercise's files share: two functions that the check brings, and the one you finish. */
#pragma once
#include <omp.h>
#include <string.h>

enum { FEATURES = 32, MOST_WORKERS = 16 };

/* Train weights on the rows of one block. Other threads may train other weights meanwhile. */
void (*train_on)(size_t block, float *weights);

/* Set one weight, of this thread or of another. */
void (*set_weight)(float *weight, double value);

/* Train on several threads. blocks is a multiple of threads * every. answer holds zeros. */
void train(size_t blocks, int threads, size_t every, int epochs, float *answer);
