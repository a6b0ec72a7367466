/* Two ways to share the numbers below n out to threads, and how long each thread was busy.
 *
 * static   each thread gets one part, and all parts are equally long
 * dynamic  whichever thread is free takes the next chunk
 */
#pragma once
#include "../tools/bench.h"

#include "count_primes.h"
#include <stdatomic.h>

enum { SHOWN = 8 }; /* of more threads than these, only so many are printed */

static uint64_t n = 2000000, chunk = 4096; /* dynamic: numbers in a chunk */
static atomic_uint_fast64_t next;          /* dynamic: where the next free chunk begins */

static struct worker {
    _Alignas(128) pthread_t thread; /* 128: no two workers in a cache line */
    uint64_t low, high;             /* static: its part */
    uint64_t primes;
    double busy; /* CPU seconds */
} workers[MAX_THREADS];

static void *work_static(void *argument)
{
    struct worker *worker = argument;

    worker->primes = count_primes(worker->low, worker->high);
    worker->busy = now(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

/* The one atomic addition is all that the threads share. */
static void *work_dynamic(void *argument)
{
    struct worker *worker = argument;
    uint64_t low;

    while ((low = atomic_fetch_add(&next, chunk)) < n) {
        uint64_t high = n - low < chunk ? n : low + chunk;
        worker->primes += count_primes(low, high);
    }
    worker->busy = now(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

static uint64_t count_on_threads(void *(*work)(void *), uint64_t threads)
{
    uint64_t primes = 0;

    atomic_store(&next, 0);
    for (uint64_t i = 0; i < threads; i++) {
        workers[i] = (struct worker){.low = cut(n, threads, i), .high = cut(n, threads, i + 1)};
        workers[i].thread = start_thread(work, &workers[i]);
    }
    for (uint64_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        primes += workers[i].primes;
    }
    return primes;
}

/* Print a row, with each thread's busy time in percent of the row's. The first row of a table, on
 * one thread, finds the answer that the others must have. */
static void print_row(struct table *table, const char *name, void *(*work)(void *),
                      uint64_t threads)
{
    static uint64_t expected = UINT64_MAX; /* not known yet */
    const struct took start = start_clock();
    const uint64_t primes = count_on_threads(work, threads);
    const struct took took = since(start);

    expected = expected == UINT64_MAX ? primes : expected;
    row(table, name, threads, primes, primes == expected, took, " ");
    for (uint64_t i = 0; i < threads && i < SHOWN; i++)
        printf("%s%.0f%%", i ? "|" : "", 100 * workers[i].busy / took.wall);
    puts(threads > SHOWN ? "|..." : "");
}
