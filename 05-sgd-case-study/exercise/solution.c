/* Solution: local SGD that averages every few blocks. make exercise WORK=exercise/solution.c */
#include "train_on.h"

/* Give every thread the mean of all threads' weights, always added up in the same order. */
static void average(float weights[][1024], int threads)
{
    for (size_t j = 0; j < FEATURES; j++) {
        double sum = 0;
        for (int t = 0; t < threads; t++)
            sum += weights[t][j];
        for (int t = 0; t < threads; t++)
            set_weight(&weights[t][j], sum / threads);
    }
}

void train(size_t blocks, int threads, size_t every, int epochs, float *answer)
{
    float weights[MOST_WORKERS][1024] = {{0}}; /* 4 KB apart: no two threads share a cache line */
    const size_t part = blocks / (size_t)threads;

#pragma omp parallel num_threads(threads)
    {
        const size_t t = (size_t)omp_get_thread_num();
        for (int epoch = 0; epoch < epochs; epoch++)
            for (size_t k = 0; k < part; k++) {
                train_on(t * part + k, weights[t]);
                if ((k + 1) % every == 0) {
#pragma omp barrier /* until all threads have trained their block */
#pragma omp single  /* at its end, all threads wait until the average is there */
                    average(weights, threads);
                }
            }
    }
    memcpy(answer, weights[0], FEATURES * sizeof *answer);
}
