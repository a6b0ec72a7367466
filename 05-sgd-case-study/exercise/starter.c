/* Exercise: local SGD that averages every few blocks. make exercise WORK=exercise/starter.c
 *
 * It is meant to fail until you finish it: it is right on one thread only. See README.md. */
#include "train_on.h"

void train(size_t blocks, int threads, size_t every, int epochs, float *answer)
{
    float weights[MOST_WORKERS][1024] = {{0}}; /* 4 KB apart: no two threads share a cache line */
    const size_t part = blocks / (size_t)threads;

#pragma omp parallel num_threads(threads)
    {
        const size_t t = (size_t)omp_get_thread_num();
        for (int epoch = 0; epoch < epochs; epoch++)
            for (size_t k = 0; k < part; k++)
                train_on(t * part + k, weights[t]);
    }
    for (size_t j = 0; j < FEATURES; j++)
        for (int t = 0; t < threads; t++)
            set_weight(&answer[j], answer[j] + weights[t][j]);
}
