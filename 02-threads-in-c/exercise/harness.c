/* What check.py runs: the reader's histogram(), on values and with a BIN_OF that it cannot know.
 *
 *     cc -O2 -pthread -DCHECK -include harness.c solution.c -o check && ./check answers 12345
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

int histogram(const uint32_t *values, size_t n, int threads, uint64_t bins[CHECK_BINS]);

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

static int check_answer(size_t n, int threads)
{
    uint64_t bins[CHECK_BINS], expected[CHECK_BINS] = {0}, counted = 0;

    memset(bins, 0xff, sizeof bins); /* what was in them before must not matter */
    for (size_t i = 0; i < n; i++)
        expected[check_values[i] * check_rule >> 26]++;
    int error = histogram(check_values, n, threads, bins);
    for (int bin = 0; bin < CHECK_BINS; bin++)
        counted += bins[bin];
    if (error)
        printf("histogram() returned %d", error);
    else if (n && !check_arrived)
        printf("BIN_OF was not called");
    else if (counted != n)
        printf("%" PRIu64 " values are in the bins", counted);
    else if (memcmp(bins, expected, sizeof bins) != 0)
        printf("values are in the wrong bins");
    else
        return 0;
    printf(" for %zu values on %d threads\n", n, threads);
    return 1;
}

static int check_answers(void)
{
    const size_t sizes[] = {0, 1, 7, 1001, CHECK_MOST};
    const int threads[] = {1, 2, 3, 8};

    for (size_t i = 0; i < 5 * 4; i++)
        if (check_answer(sizes[i / 4], threads[i % 4]))
            return 1;
    return 0;
}

static int check_together(void)
{
    uint64_t bins[CHECK_BINS];

    check_meeting = 3;
    histogram(check_values, CHECK_MOST, check_meeting, bins);
    if (!check_gave_up && check_arrived >= check_meeting)
        return 0;
    printf("on %d threads, one was never at work while the others were\n", check_meeting);
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

/* For information: seconds on one thread and on `threads`, the best of five. */
static int check_time(int threads)
{
    uint64_t bins[CHECK_BINS];
    double best[2] = {1e9, 1e9};

    for (int i = 0; i < 10; i++) {
        struct timespec start, end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        histogram(check_values, CHECK_MOST, i % 2 ? threads : 1, bins);
        clock_gettime(CLOCK_MONOTONIC, &end);
        double seconds =
            difftime(end.tv_sec, start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9;
        best[i % 2] = seconds < best[i % 2] ? seconds : best[i % 2];
    }
    printf("\n%.5f %.5f\n", best[0], best[1]);
    return 0;
}

int main(int argc, char **argv)
{
    const char *mode = argc == 3 ? argv[1] : "";
    uint32_t seed = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;

    check_rule = seed | 1;
    for (int i = 0; i < CHECK_MOST; i++)
        check_values[i] = seed = seed * 1664525 + 1013904223;
    if (strcmp(mode, "answers") == 0)
        return check_answers();
    if (strcmp(mode, "races") == 0)
        return check_answer(20000, 3);
    if (strcmp(mode, "together") == 0)
        return check_together();
    if (strcmp(mode, "locks") == 0)
        return check_few_locks();
    if (strcmp(mode, "time") == 0)
        return check_time((int)strtoul(argv[2], NULL, 10));
    fputs("usage: check answers|races|together|locks SEED, or: check time THREADS\n", stderr);
    return 2;
}

#define main check_not_the_readers_main
#ifdef CHECK
#define BIN_OF(value) check_bin_of(value)
#define pthread_mutex_lock(lock) (check_lock(), pthread_mutex_lock(lock))
#define pthread_mutex_trylock(lock) (check_lock(), pthread_mutex_trylock(lock))
#define pthread_spin_lock(lock) (check_lock(), pthread_spin_lock(lock))
#define pthread_rwlock_rdlock(lock) (check_lock(), pthread_rwlock_rdlock(lock))
#define pthread_rwlock_wrlock(lock) (check_lock(), pthread_rwlock_wrlock(lock))
#endif
