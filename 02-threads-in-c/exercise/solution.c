/* Solution: every thread counts into bins of its own, and they are added up at the end.
 *
 *     cc -O2 -pthread solution.c -o solution && ./solution
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 256, BINS = 64 };

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

/* Count into bins how many of the n values belong to each; 0 if all went well. Keep this line. */
int histogram(const uint32_t *values, size_t n, int threads, uint64_t bins[BINS]);

int histogram(const uint32_t *values, size_t n, int threads, uint64_t bins[BINS])
{
    struct worker workers[MAX_THREADS];
    size_t part = n / (size_t)threads;
    int started = 0, error = 0;

    for (int bin = 0; bin < BINS; bin++)
        bins[bin] = 0;
    for (; started < threads && !error; started += !error) {
        struct worker *worker = &workers[started];
        *worker = (struct worker){.values = values + part * (size_t)started};
        worker->n = started + 1 < threads ? part : n - part * (size_t)started;
        error = pthread_create(&worker->thread, NULL, work, worker);
    }
    for (int i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        for (int bin = 0; bin < BINS; bin++)
            bins[bin] += workers[i].bins[bin];
    }
    return error;
}

int main(void)
{
    enum { N = 4000000, THREADS = 4 };
    uint32_t *values = malloc(N * sizeof *values), seed = 1;
    uint64_t bins[BINS], counted = 0;

    if (!values) {
        fputs("solution: out of memory\n", stderr);
        return 1;
    }
    for (int i = 0; i < N; i++)
        values[i] = (seed = seed * 1664525 + 1013904223) >> 8;
    if (histogram(values, N, THREADS, bins) != 0) {
        fputs("solution: cannot start a thread\n", stderr);
        free(values);
        return 1;
    }
    free(values);
    for (int bin = 0; bin < BINS; bin++)
        counted += bins[bin];
    printf("%" PRIu64 " of %d values are in the bins\n", counted, N);
    return counted != N;
}
