/* Another right way, for the tests: all threads wait at the end of a parallel loop. */
#define train solution
#include "solution.c" /* for average() */
#undef train

void train(size_t blocks, int threads, size_t every, int epochs, float *answer)
{
    float weights[MOST_WORKERS][1024] = {{0}};
    const size_t part = blocks / (size_t)threads;

    for (size_t k = 0; k < part * (size_t)epochs; k++) {
#pragma omp parallel for num_threads(threads)
        for (int t = 0; t < threads; t++)
            train_on((size_t)t * part + k % part, weights[t]);
        if ((k + 1) % every == 0)
            average(weights, threads);
    }
    memcpy(answer, weights[0], FEATURES * sizeof *answer);
}
