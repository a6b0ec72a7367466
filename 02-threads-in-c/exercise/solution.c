/* Solution: every thread counts into bins of its own, and they are added up at the end.
 *
 *     cc -O2 -pthread solution.c -o solution && ./solution
 */
#include "../../tools/bench.h"

enum { BINS = 64 };

#ifndef BIN_OF /* leave this as it is: the check puts in a rule of its own */
#define BIN_OF(value) ((value) % BINS)
#endif

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

/* Count into bins how many of the n values belong to each. Keep this line. */
void histogram(const uint32_t *values, size_t n, size_t threads, uint64_t bins[BINS]);

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

int main(void)
{
    enum { N = 4000000, THREADS = 4 };
    static uint32_t values[N];
    uint64_t bins[BINS], counted = 0;
    uint32_t seed = 1;

    for (int i = 0; i < N; i++)
        values[i] = (seed = seed * 1664525 + 1013904223) >> 8;
    histogram(values, N, THREADS, bins);
    for (int bin = 0; bin < BINS; bin++)
        counted += bins[bin];
    printf("%" PRIu64 " of %d values are in the bins\n", counted, N);
    return counted != N;
}
