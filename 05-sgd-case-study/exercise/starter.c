/* Exercise: local SGD that averages the weights every few blocks, and not once an epoch.
 *
 * `make exercise-5` copies this file to mine.c and compiles that together with harness.c. It is
 * meant to fail its check until you finish it: with two threads the answer is wrong.
 */
#include "train_on.h"

#include <omp.h>

/* Each thread trains weights of its own on its part of the blocks. */
void train(const struct data *data, int threads, size_t every, int epochs, float *answer)
{
    float weights[MOST_WORKERS][1024] = {{0}}; /* 4 KB apart: no two threads share a cache line */
    const size_t part = data->blocks / (size_t)threads;

    (void)every;
#pragma omp parallel num_threads(threads)
    {
        const size_t t = (size_t)omp_get_thread_num();
        for (int epoch = 0; epoch < epochs; epoch++)
            for (size_t k = 0; k < part; k++)
                train_on(data, t * part + k, weights[t]);
    }
    for (int t = 0; t < threads; t++)
        for (size_t j = 0; j < FEATURES; j++)
            answer[j] += weights[t][j];
}
