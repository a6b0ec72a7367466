/* Exercise: a histogram on threads that counts right, with the threads at work at the same time.
 *
 *     cc -O2 -pthread starter.c -o starter && ./starter
 *
 * It is meant to fail until you finish it: all threads change the same bins. See README.md.
 */
#include "histogram.h"

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
            usleep(100); /* shows what is wrong on one core too; take it out */
        worker->bins[bin] = count + 1;
    }
    return NULL;
}

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
