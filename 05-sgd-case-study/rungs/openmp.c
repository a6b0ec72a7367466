/* Local SGD (McDonald et al. 2010; Stich 2019): every thread trains weights of its own, with one of
 * the other rungs, on its own part of the blocks; at the end of the epoch they are averaged.
 * Nothing is shared in between, so there is nothing to lock and nothing to lose.
 */
#include "rung.h"

/* Give all workers the mean of their weights, and the first one all sums. Always added up in the
 * same order, so that the answer is the same to the last bit in every run. */
static void average(struct worker *workers, int threads)
{
    for (int j = 0; j < FEATURES; j++) {
        double weight = 0, sum = 0;
        for (int t = 0; t < threads; t++) {
            weight += workers[t].weights[j];
            sum += workers[t].sum[j];
        }
        for (int t = 0; t < threads; t++)
            workers[t].weights[j] = (float)(weight / threads);
        workers[0].sum[j] = (float)sum;
    }
    for (int t = 1; t < threads; t++)
        workers[0].summed += workers[t].summed;
}

/* Train for an epoch. The sums are those of the second half of each worker's part: the weights of
 * the first half were farther from the optimum. */
void train_epoch(rung *train, const void *rows, const float *labels, const int64_t *order,
                 size_t blocks, float step, float shrink, int threads, struct worker *workers)
{
#pragma omp parallel for schedule(static, 1) num_threads(threads) if (threads > 1)
    for (int t = 0; t < threads; t++) {
        struct worker *own = &workers[t];
        const size_t low = blocks * (size_t)t / (size_t)threads;
        const size_t high = blocks * (size_t)(t + 1) / (size_t)threads, middle = (low + high) / 2;
        train(rows, labels, order + low, middle - low, step, shrink, own);
        memset(own->sum, 0, sizeof own->sum);
        own->summed = 0;
        train(rows, labels, order + middle, high - middle, step, shrink, own);
    }
    average(workers, threads);
}
