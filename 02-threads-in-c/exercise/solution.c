/* Solution: every thread counts into bins of its own, and they are added up at the end.
 *
 *     cc -O2 -pthread solution.c -o solution && ./solution
 */
#include "histogram.h"

struct worker {
    pthread_t thread;
    const uint32_t *values; /* its part of them */
    size_t n;
    uint64_t bins[BINS]; /* what it has counted, when it is done */
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    uint64_t bins[BINS] = {0}; /* on its own stack: no other thread's data are near */

    for (size_t i = 0; i < worker->n; i++)
        bins[BIN_OF(worker->values[i])]++;
    memcpy(worker->bins, bins, sizeof bins);
    return NULL;
}

void histogram(const uint32_t *values, size_t n, size_t threads, uint64_t bins[BINS])
{
    struct worker workers[MAX_THREADS];

    memset(bins, 0, BINS * sizeof *bins);
    for (size_t i = 0; i < threads; i++) {
        workers[i].values = values + cut(n, threads, i);
        workers[i].n = cut(n, threads, i + 1) - cut(n, threads, i);
        workers[i].thread = start_thread(work, &workers[i]);
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        for (int bin = 0; bin < BINS; bin++)
            bins[bin] += workers[i].bins[bin];
    }
}
