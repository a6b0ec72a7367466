/* What check.py runs: the reader's histogram(), on values and with a BIN_OF that it cannot know.
 *
 *     cc -O2 -pthread -include harness.c solution.c -o check && ./check answers 12345
 *
 * It is compiled in front of the reader's file, so that BIN_OF, locks and main can be replaced.
 */
#define _GNU_SOURCE /* before any header: the reader's own comes too late */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHECK_BINS = 64, CHECK_MOST = 4000003, CHECK_PATIENCE = 2000 };

void histogram(const uint32_t *values, size_t n, size_t threads, uint64_t bins[CHECK_BINS]);

static uint32_t check_values[CHECK_MOST], check_rule;
static int check_meeting; /* how many threads are to meet in BIN_OF */
static atomic_int check_arrived, check_gave_up;
static atomic_size_t check_locks;

/* A thread's first call waits for the others. Not for so many seconds, but for so many naps: on a
 * busy machine they take longer, so that a thread which starts late is not missed. Relaxed: more
 * would put the threads in an order, and hide from ThreadSanitizer that the reader did not. */
static void check_meet(void)
{
    static _Thread_local int came;
    const struct timespec nap = {.tv_nsec = 1000000};

    if (came)
        return;
    came = 1;
    atomic_fetch_add_explicit(&check_arrived, 1, memory_order_relaxed);
    for (int naps = 0; atomic_load_explicit(&check_arrived, memory_order_relaxed) < check_meeting &&
                       !atomic_load_explicit(&check_gave_up, memory_order_relaxed);
         naps++) {
        nanosleep(&nap, NULL);
        if (naps == CHECK_PATIENCE)
            atomic_store_explicit(&check_gave_up, 1, memory_order_relaxed);
    }
}

static inline void check_lock(void)
{
    atomic_fetch_add_explicit(&check_locks, 1, memory_order_relaxed);
}

static uint32_t check_bin_of(uint32_t value)
{
    check_meet();
    return value * check_rule >> 26;
}

static int check_answer(size_t n, size_t threads)
{
    static int calls;
    uint64_t bins[CHECK_BINS], expected[CHECK_BINS] = {0}, counted = 0;

    memset(bins, 0xff, sizeof bins); /* what was in them before must not matter */
    for (size_t i = 0; i < n; i++)
        expected[check_values[i] * check_rule >> 26]++;
    histogram(check_values, n, threads, bins);
    calls++;
    for (int bin = 0; bin < CHECK_BINS; bin++)
        counted += bins[bin];
    if (n && !check_arrived)
        printf("BIN_OF was not called");
    else if (counted != n)
        printf("%" PRIu64 " values are in the bins", counted);
    else if (memcmp(bins, expected, sizeof bins) != 0)
        printf("values are in the wrong bins");
    else
        return 0;
    printf(" for %zu values on %zu threads, at call %d of histogram()%s\n", n, threads, calls,
           counted > n ? ": do all calls start from 0?" : "");
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

static int check_race(void)
{
    return check_answer(20000, 3);
}

static int check_together(void)
{
    uint64_t bins[CHECK_BINS];

    check_meeting = 3;
    histogram(check_values, CHECK_MOST, 3, bins);
    if (!check_gave_up && check_arrived >= check_meeting)
        return 0;
    puts("on 3 threads, one was never at work while the others were");
    return 1;
}

static int check_few_locks(void)
{
    enum { N = 100000 };
    uint64_t bins[CHECK_BINS];

    histogram(check_values, N, 2, bins);
    if (check_locks <= N / 100)
        return 0;
    printf("a lock was taken %zu times for %d values\n", (size_t)check_locks, N);
    return 1;
}

static const struct {
    const char *name;
    int (*run)(void);
} check_modes[] = {{"answers", check_answers},
                   {"races", check_race},
                   {"together", check_together},
                   {"locks", check_few_locks}};

int main(int argc, char **argv)
{
    uint32_t seed = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;

    check_rule = seed | 1;
    for (int i = 0; i < CHECK_MOST; i++)
        check_values[i] = seed = seed * 1664525 + 1013904223;
    for (int i = 0; argc == 3 && i < 4; i++)
        if (strcmp(argv[1], check_modes[i].name) == 0)
            return check_modes[i].run();
    fputs("usage: check answers|races|together|locks SEED\n", stderr);
    return 2;
}

#define main check_not_the_readers_main
#define BIN_OF(value) check_bin_of(value)
#define pthread_mutex_lock(lock) (check_lock(), pthread_mutex_lock(lock))
#define pthread_mutex_trylock(lock) (check_lock(), pthread_mutex_trylock(lock))
#define pthread_spin_lock(lock) (check_lock(), pthread_spin_lock(lock))
#define pthread_rwlock_rdlock(lock) (check_lock(), pthread_rwlock_rdlock(lock))
#define pthread_rwlock_wrlock(lock) (check_lock(), pthread_rwlock_wrlock(lock))
