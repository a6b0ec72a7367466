/* What check.py runs: the reader's histogram(), on values and with a BIN_OF that it cannot know.
 *
 *     cc -O2 -pthread -include harness.c solution.c -o check && ./check answers 12345
 *
 * It is compiled in front of the reader's file, so that BIN_OF, locks and main can be replaced. Its
 * last line begins with its last argument; see tools/exercise.py.
 */
#define _GNU_SOURCE /* before any header: the reader's own comes too late */
#include "../../tools/meet.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_BINS = 64, CHECK_MOST = 4000003, CHECK_PATIENCE = 2 };
#define CHECK_FOUND(...) (printf("%s ", check_number), printf(__VA_ARGS__), puts(""))

void histogram(const uint32_t *values, size_t n, size_t threads, uint64_t bins[CHECK_BINS]);

static const char *check_number;
static uint32_t check_values[CHECK_MOST], check_rule;
static uint64_t check_bins[CHECK_BINS];
static struct meeting check_room;
static atomic_int check_called, check_team; /* so many threads meet in BIN_OF; 0: nobody waits */
static atomic_size_t check_locks;

/* Relaxed: more would put the threads in an order, which hides a race from ThreadSanitizer. */
static uint32_t check_bin_of(uint32_t value)
{
    static _Thread_local int came;
    int team = atomic_load_explicit(&check_team, memory_order_relaxed);

    atomic_store_explicit(&check_called, 1, memory_order_relaxed);
    if (team && !came && meet(&check_room, team, CHECK_PATIENCE) < team)
        atomic_store(&check_team, 0); /* one wait in vain is enough */
    came = 1;
    return value * check_rule >> 26;
}

static int check_answer(size_t n, size_t threads)
{
    static int calls;
    uint64_t expected[CHECK_BINS] = {0}, counted = 0;

    memset(check_bins, 0xff, sizeof check_bins); /* what was in them before must not matter */
    for (size_t i = 0; i < n; i++)
        expected[check_values[i] * check_rule >> 26]++;
    histogram(check_values, n, threads, check_bins);
    calls++;
    for (int bin = 0; bin < CHECK_BINS; bin++)
        counted += check_bins[bin];
    if (n && !check_called)
        CHECK_FOUND("BIN_OF was not called");
    else if (counted != n)
        CHECK_FOUND("%" PRIu64 " of %zu values are in the bins on %zu threads, at call %d%s",
                    counted, n, threads, calls, counted > n ? ": do all calls start from 0?" : "");
    else if (memcmp(check_bins, expected, sizeof expected) != 0)
        CHECK_FOUND("values are in the wrong bins for %zu values on %zu threads", n, threads);
    else
        return 0;
    return 1;
}

static int check_answers(void)
{
    const size_t sizes[] = {0, 1, 7, 1001, CHECK_MOST};
    const size_t threads[] = {1, 2, 3, 8};

    for (size_t i = 0; i < 5 * 4; i++)
        if (check_answer(sizes[i / 4], threads[i % 4]))
            return 1;
    return 0;
}

static int check_together(void)
{
    check_team = 3;
    histogram(check_values, CHECK_MOST, 3, check_bins);
    if (check_room.highest >= 3)
        return 0;
    CHECK_FOUND("of 3 threads one was never at work while the others were: is the loop locked, or "
                "all one thread's?");
    return 1;
}

static int check_few_locks(void)
{
    histogram(check_values, 100000, 2, check_bins);
    if (check_locks <= 1000)
        return 0;
    CHECK_FOUND("a lock was taken %zu times for 100000 values: count apart, and add up at the end",
                (size_t)check_locks);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2; /* check.py sees by it whether a program with ThreadSanitizer runs here */
    const char *mode = argv[1];
    check_number = argv[2];
    uint32_t seed = (uint32_t)strtoul(check_number, NULL, 10);
    check_rule = seed | 1;
    for (int i = 0; i < CHECK_MOST; i++)
        check_values[i] = seed = seed * 1664525 + 1013904223;
    int found = !strcmp(mode, "answers")    ? check_answers()
                : !strcmp(mode, "races")    ? (histogram(check_values, 20000, 3, check_bins), 0)
                : !strcmp(mode, "together") ? check_together()
                                            : check_few_locks();
    return found || puts(check_number) < 0;
}

#define main check_not_the_readers_main
#define BIN_OF(value) check_bin_of(value)
#define CHECK_LOCK atomic_fetch_add_explicit(&check_locks, 1, memory_order_relaxed)
#define pthread_mutex_lock(lock) (CHECK_LOCK, pthread_mutex_lock(lock))
#define pthread_mutex_trylock(lock) (CHECK_LOCK, pthread_mutex_trylock(lock))
#define pthread_spin_lock(lock) (CHECK_LOCK, pthread_spin_lock(lock))
#define pthread_rwlock_rdlock(lock) (CHECK_LOCK, pthread_rwlock_rdlock(lock))
#define pthread_rwlock_wrlock(lock) (CHECK_LOCK, pthread_rwlock_wrlock(lock))
