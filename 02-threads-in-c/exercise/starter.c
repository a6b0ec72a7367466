/* Exercise: a histogram on threads that counts right, with the threads at work at the same time.
 *
 *     cc -O2 -pthread starter.c -o starter && ./starter
 *
 * It is meant to fail until you finish it: all threads change the same bins.
 */
#include "../../tools/bench.h"

#include <sched.h>

enum { BINS = 64 };

#ifndef BIN_OF /* leave this as it is: the check puts in a rule of its own */
#define BIN_OF(value) ((value) % BINS)
#endif

struct worker {
    pthread_t thread;
    const uint32_t *values; /* its part of them */
    size_t n;
    uint64_t *bins;
};

static void *work(void *argument)
{
    struct worker *worker = argument;

    for (size_t i = 0; i < worker->n; i++) {
        unsigned bin = BIN_OF(worker->values[i]);
        uint64_t count = worker->bins[bin];
        if (i % 65536 == 0)
            sched_yield(); /* shows what is wrong on one core too; take it out */
        worker->bins[bin] = count + 1;
    }
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
        workers[i].bins = bins;
        workers[i].thread = start_thread(work, &workers[i]);
    }
    for (size_t i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
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
    if (counted != N)
        puts("wrong: some are lost. It is meant to fail until you finish it; see README.md");
    return counted != N;
}
