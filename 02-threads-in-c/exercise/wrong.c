/* Ways to finish the exercise, for the tests: -DWAY=NAME takes one. LAST_SELF, in which the calling
 * thread does the last share, is right. ATOMIC, LOCK_EACH and PLAIN add to the result at once. */
#include "histogram.h"

enum { LAST_SELF, ATOMIC, LOCK_EACH, PLAIN, JOIN_EACH, OTHER_VALUES, OTHER_BINS, KEEPS_COUNTS };

struct worker {
    pthread_t thread;
    const uint32_t *values;
    size_t n;
    uint64_t *bins, own[BINS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *work(void *argument)
{
    const struct worker *worker = argument;

    for (size_t i = 0; i < worker->n; i++) {
        uint32_t value = WAY == OTHER_VALUES ? (uint32_t)i : worker->values[i];
        uint64_t *count = &worker->bins[WAY == OTHER_BINS ? value % BINS : BIN_OF(value)];
        if (WAY == LOCK_EACH && pthread_mutex_lock(&lock) == 0)
            pthread_mutex_unlock(&lock);
        WAY == PLAIN ? ++*count : __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

void histogram(const uint32_t *values, size_t n, size_t threads, uint64_t bins[BINS])
{
    static struct worker workers[MAX_THREADS];
    const int at_once = WAY == ATOMIC || WAY == LOCK_EACH || WAY == PLAIN;

    memset(bins, 0, BINS * sizeof *bins);
    for (size_t i = 0; i < threads; i++) {
        workers[i].values = values + cut(n, threads, i);
        workers[i].n = cut(n, threads, i + 1) - cut(n, threads, i);
        workers[i].bins = at_once ? bins : workers[i].own;
        memset(workers[i].own, 0, WAY == KEEPS_COUNTS ? 0 : sizeof workers[i].own);
        if (WAY == LAST_SELF && i == threads - 1)
            work(&workers[i]);
        else
            workers[i].thread = start_thread(work, &workers[i]);
        if (WAY == JOIN_EACH)
            pthread_join(workers[i].thread, NULL);
    }
    for (size_t i = 0; i < threads; i++) {
        if (WAY != JOIN_EACH && (WAY != LAST_SELF || i < threads - 1))
            pthread_join(workers[i].thread, NULL);
        for (int bin = 0; bin < BINS && !at_once; bin++)
            bins[bin] += workers[i].own[bin];
    }
}
