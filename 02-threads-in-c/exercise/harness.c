/* What check.py runs: the reader's histogram(), on values and with a BIN_OF that it cannot know.
 *
 *     cc -O2 -pthread -include harness.c solution.c -o check && ./check 12345
 *
 * It is compiled in front of the reader's file, so that BIN_OF and the locks can be replaced. For
 * each claim it prints a line: its last argument, and what is wrong; see tools/exercise.py.
 */
#define CHECKED
#include "histogram.h"

#include "../../tools/meet.h"

enum { CHECK_MOST = 4000003 };
#define CHECK(right, ...) (printf("%s ", check_number), (right) || printf(__VA_ARGS__), puts(""))

static const char *check_number;
static uint32_t check_values[CHECK_MOST], check_rule;
static uint64_t check_bins[BINS];
static struct meeting check_room;
static atomic_int check_called, check_shared; /* a value was added to the result at once */
static atomic_int check_team;                 /* so many threads meet in BIN_OF; 0: nobody waits */
static atomic_size_t check_locks;

/* Relaxed: more would put the threads in an order, which hides a race from ThreadSanitizer. */
static uint32_t check_bin_of(uint32_t value)
{
    static _Thread_local int calls;
    int team = atomic_load_explicit(&check_team, memory_order_relaxed);

    atomic_store_explicit(&check_called, 1, memory_order_relaxed);
    if (team && ++calls == 1000) { /* the caller's thread may work, too */
        /* Nobody has finished a share yet, so nothing that was counted apart is in the result. */
        check_shared |= check_bins[value * check_rule >> 26] != 0;
        if (meet(&check_room, team, 2) < team)
            atomic_store(&check_team, 0); /* one wait in vain is enough */
    }
    return value * check_rule >> 26;
}

/* Is this call right? If not, print what is wrong. */
static int check_answer(size_t n, size_t threads, int call)
{
    uint64_t expected[BINS] = {0}, counted = 0;

    memset(check_bins, 0xff, sizeof check_bins); /* what was in them before must not matter */
    for (size_t i = 0; i < n; i++)
        expected[check_values[i] * check_rule >> 26]++;
    histogram(check_values, n, threads, check_bins);
    for (int bin = 0; bin < BINS; bin++)
        counted += check_bins[bin];
    if (n && !check_called)
        CHECK(0, "BIN_OF was not called");
    else if (counted != n)
        CHECK(0, "%" PRIu64 " of %zu values are in the bins on %zu threads, at call %d%s", counted,
              n, threads, call, counted > n ? ": do all calls start from 0?" : "");
    else if (memcmp(check_bins, expected, sizeof expected) != 0)
        CHECK(0, "values are in the wrong bins for %zu values on %zu threads", n, threads);
    else
        return 1;
    return 0;
}

static void check_claims(void)
{
    const size_t sizes[] = {0, 1, 7, 1001, CHECK_MOST}, threads[] = {1, 2, 3, 8};
    int call = 0;

    while (call < 5 * 4 && check_answer(sizes[call / 4], threads[call % 4], call + 1))
        call++;
    if (call == 5 * 4)
        puts(check_number);
    check_team = 3;
    memset(check_bins, 0, sizeof check_bins);
    histogram(check_values, CHECK_MOST, 3, check_bins);
    CHECK(check_room.highest >= 3, "of 3 threads one was never at work while the others were: is "
                                   "the loop locked, or all one thread's?");
    check_team = 0;
    check_locks = 0;
    histogram(check_values, 100000, 2, check_bins);
    if (check_locks > 1000)
        CHECK(0, "100000 values took %zu locks: count apart, then add up", (size_t)check_locks);
    else
        CHECK(!check_shared,
              "the first values are in the result already: count apart, then add up");
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2; /* check.py sees by it whether a program with ThreadSanitizer runs here */
    setvbuf(stdout, NULL, _IOLBF, 0); /* what is found before a crash is seen */
    check_number = argv[argc - 1];
    uint32_t seed = (uint32_t)strtoul(check_number, NULL, 10);
    check_rule = seed | 1;
    for (int i = 0; i < CHECK_MOST; i++)
        check_values[i] = seed = seed * 1664525 + 1013904223;
    if (argc == 2)
        return check_claims(), 0;
    histogram(check_values, 20000, 3, check_bins); /* ./check races 12345: with ThreadSanitizer */
    return puts(check_number) < 0;
}

#undef BIN_OF
#define BIN_OF(value) check_bin_of(value)
#define CHECK_LOCK atomic_fetch_add_explicit(&check_locks, 1, memory_order_relaxed)
#define pthread_mutex_lock(lock) (CHECK_LOCK, pthread_mutex_lock(lock))
#define pthread_mutex_trylock(lock) (CHECK_LOCK, pthread_mutex_trylock(lock))
#define pthread_spin_lock(lock) (CHECK_LOCK, pthread_spin_lock(lock))
