/* Five ways for threads to count together, to n: what a step costs, and what it loses.
 *
 *     cc -O2 -pthread shared_counter.c -o shared_counter && ./shared_counter
 *
 * racy    one counter, read and written by all: steps are lost
 * mutex   one counter, and a lock around every step
 * atomic  one counter, and an addition that nobody can cut in two
 * packed  a counter for each thread, side by side: eight share a cache line of 64 bytes
 * padded  a counter for each thread, 128 bytes apart
 */
#include "../tools/bench.h"

#include <stdatomic.h>

enum { PADDED = 16 };
typedef atomic_uint_fast64_t counter;

/* 128 and not 64: Intel's processors fetch the line beside it too; Apple's lines are as long. */
static _Alignas(128) counter counters[MAX_THREADS * PADDED];
static uint64_t guarded; /* a plain number: touched with the lock held, or when no thread runs */
static uint64_t n = 40000000;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Two accesses, so not one step, yet no undefined behaviour. And gcc and clang really make each
 * atomic access: a plain counter they keep in a register, and a register has no neighbours. */
static uint64_t load(counter *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void store(counter *count, uint64_t value)
{
    atomic_store_explicit(count, value, memory_order_relaxed);
}

/* A step takes one cycle, that of its addition, while the processor hands the stored number to the
 * next load like a register, which newer ones can, and else about five.
 * Chapter 1's loop always takes four: it waits for a multiplication, three, and an addition. */
static void count_own(counter *count, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++)
        store(count, load(count) + 1);
}

/* The same, with one counter for all threads. The system may stop a thread at any moment, between
 * its read and its write, too. Here the first thread stops there on purpose, until another one has
 * counted (some seconds at most), so that steps are lost every time. */
static void count_racy(counter *count, uint64_t steps)
{
    static atomic_flag come = ATOMIC_FLAG_INIT;

    if (steps > 0 && steps < n && !atomic_flag_test_and_set(&come)) { /* all n: it is alone */
        uint64_t value = load(count);
        for (int turns = 0; load(count) == value && turns < 50000; turns++)
            turns < 1000 ? sched_yield() : usleep(100); /* who sleeps at once may lose its core */
        store(count, value + 1);
        steps--;
    }
    count_own(count, steps);
}

static void count_mutex(counter *count, uint64_t steps)
{
    (void)count;
    for (uint64_t i = 0; i < steps; i++) {
        pthread_mutex_lock(&lock);
        guarded++;
        pthread_mutex_unlock(&lock);
    }
}

static void count_atomic(counter *count, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++)
        atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

struct version {
    const char *name;
    void (*count)(counter *, uint64_t);
    uint64_t threads, stride; /* stride: to the next thread's counter; 0: all have the same */
};

struct worker {
    pthread_t thread;
    const struct version *version;
    uint64_t i; /* of all its threads, from 0 */
};

static void *work(void *argument)
{
    const struct worker *worker = argument;
    const struct version *v = worker->version;
    uint64_t i = worker->i, steps = cut(n, v->threads, i + 1) - cut(n, v->threads, i);

    v->count(&counters[i * v->stride], steps);
    return NULL;
}

static void count_on_threads(const struct version *version)
{
    static struct worker workers[MAX_THREADS];

    for (uint64_t i = 0; i < version->threads; i++) {
        workers[i] = (struct worker){.version = version, .i = i};
        workers[i].thread = start_thread(work, &workers[i]);
    }
    for (uint64_t i = 0; i < version->threads; i++)
        pthread_join(workers[i].thread, NULL);
}

static void print_row(struct table *table, const struct version *version)
{
    const struct took start = start_clock();
    count_on_threads(version);
    const struct took took = since(start);
    uint64_t answer = guarded; /* mutex counts there, the others in counters; back to 0 */
    guarded = 0;
    for (size_t i = 0; i < MAX_THREADS * PADDED; i++)
        answer += atomic_exchange(&counters[i], 0);
    int right = answer == n || version->count == count_racy; /* which is wrong on purpose */
    row(table, version->name, version->threads, answer, right, took, " %8" PRId64 " %7.2f\n",
        (int64_t)(n - answer), took.wall * 1e9 / (double)n);
}

int main(int argc, char **argv)
{
    uint64_t t = 2;
    const struct opt options[] = {
        {'n', &n, 1, 1000000000000, "count to n"}, {'t', &t, 1, MAX_THREADS, "threads"}, {0}};

    read_options(argc, argv, NULL, options);
    const struct version versions[] = {
        {"sequential", count_own, 1, 0}, {"racy", count_racy, t, 0},
        {"mutex", count_mutex, t, 0},    {"atomic", count_atomic, t, 0},
        {"packed", count_own, t, 1},     {"padded", count_own, t, PADDED},
    };
    printf("count to %" PRIu64 " together; racy is wrong on purpose\n", n);
    struct table table = header("%9s%8s\n", "lost", "ns/step");
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        print_row(&table, &versions[i]);
    return verdict(&table);
}
