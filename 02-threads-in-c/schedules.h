/* Two ways to share the numbers below n out to threads, and how evenly the threads then worked.
 *
 * static   each thread gets one part, and all parts are equally long
 * dynamic  whichever thread is free takes the next chunk
 */
#pragma once
#include "../tools/bench.h"

#include "count_primes.h"
#include <stdatomic.h>

enum { SHOWN = 8 }; /* of more threads than these, only so many are printed */

struct worker {
    _Alignas(128) pthread_t thread; /* 128: no two workers in a cache line */
    uint64_t low, high, n;          /* static: its part, low to high; dynamic: 0 to n */
    uint64_t primes;
    double busy; /* CPU seconds */
};

struct schedule {
    const char *name;
    void *(*work)(void *);
    uint64_t threads;
    struct worker workers[MAX_THREADS];
    double ideal, longest; /* busy time: the mean, which would be everyone's, and the largest */
};

static atomic_uint_fast64_t next; /* dynamic: where the next free chunk begins */
static uint64_t chunk = 4096;     /* dynamic: numbers in a chunk */

static inline void *work_static(void *argument)
{
    struct worker *worker = argument;

    worker->primes = count_primes(worker->low, worker->high);
    worker->busy = now(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

/* The one atomic addition is all that the threads share. */
static inline void *work_dynamic(void *argument)
{
    struct worker *worker = argument;
    uint64_t low;

    while ((low = atomic_fetch_add(&next, chunk)) < worker->n) {
        uint64_t high = worker->n - low < chunk ? worker->n : low + chunk;
        worker->primes += count_primes(low, high);
    }
    worker->busy = now(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

static uint64_t count_on_threads(struct schedule *s, uint64_t n)
{
    uint64_t primes = 0;

    atomic_store(&next, 0);
    s->ideal = s->longest = 0;
    for (uint64_t i = 0; i < s->threads; i++) {
        struct worker *worker = &s->workers[i];
        *worker = (struct worker){
            .low = cut(n, s->threads, i), .high = cut(n, s->threads, i + 1), .n = n};
        worker->thread = start_thread(s->work, worker);
    }
    for (uint64_t i = 0; i < s->threads; i++) {
        struct worker *worker = &s->workers[i];
        pthread_join(worker->thread, NULL);
        primes += worker->primes;
        s->ideal += worker->busy / (double)s->threads;
        s->longest = worker->busy > s->longest ? worker->busy : s->longest;
    }
    return primes;
}

/* How much longer than the ideal the busiest thread worked, in percent. */
static double imbalance(const struct schedule *s)
{
    return s->ideal > 0 ? 100 * (s->longest / s->ideal - 1) : 0;
}

/* Print the table's first row, and return the answer that all other rows must have. */
static uint64_t sequential_row(struct table *table, uint64_t n)
{
    const struct took start = start_clock();
    const uint64_t primes = count_primes(0, n);
    const struct took took = since(start);
    row(table, "sequential", 1, primes, 1, took, " %.0f%%  0%%\n", 100 * took.cpu / took.wall);
    return primes;
}

/* Print a schedule's row, with each thread's busy time in percent of the row's. */
static void threads_row(struct table *table, struct schedule *s, uint64_t n, uint64_t expected)
{
    const struct took start = start_clock();
    const uint64_t primes = count_on_threads(s, n);
    const struct took took = since(start);
    row(table, s->name, s->threads, primes, primes == expected, took, " ");
    for (uint64_t i = 0; i < s->threads && i < SHOWN; i++)
        printf("%s%.0f%%", i ? "|" : "", 100 * s->workers[i].busy / took.wall);
    printf("%s  %.0f%%\n", s->threads > SHOWN ? "|..." : "", imbalance(s));
}
