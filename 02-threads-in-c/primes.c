/* Count the primes below n on threads: who does which part, and why equal parts are not equal.
 *
 *     cc -O2 -pthread primes.c -o primes && ./primes
 *     ./primes -s
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 256, MAX_ROWS = 12, SHOWN = 8, BAR = 40 };

static int is_prime(uint64_t n)
{
    if (n < 2)
        return 0;
    for (uint64_t d = 2; d * d <= n; d++)
        if (n % d == 0)
            return 0;
    return 1;
}

/* Not static: primes.py calls it through ctypes. */
uint64_t count_primes(uint64_t low, uint64_t high);

uint64_t count_primes(uint64_t low, uint64_t high)
{
    uint64_t primes = 0;

    for (uint64_t n = low; n < high; n++)
        primes += (uint64_t)is_prime(n);
    return primes;
}

struct worker {
    _Alignas(128) pthread_t thread; /* 128: no two workers in a cache line */
    uint64_t low, high;             /* static: its part; dynamic: 0 and n */
    uint64_t primes;
    double busy; /* CPU seconds */
};

struct row {
    char name[32];
    void *(*work)(void *);
    int threads;
    uint64_t chunk;
    struct worker workers[MAX_THREADS];
    double ideal, longest; /* busy time: the mean, which would be everyone's, and the largest */
};

static atomic_uint_fast64_t next; /* dynamic: where the next free chunk begins */
static uint64_t chunk;            /* dynamic: its size */

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *work_static(void *argument)
{
    struct worker *worker = argument;

    worker->primes = count_primes(worker->low, worker->high);
    worker->busy = now(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

/* Whoever is free takes the next chunk. The one atomic addition is all that the threads share. */
static void *work_dynamic(void *argument)
{
    struct worker *worker = argument;
    uint64_t low;

    while ((low = atomic_fetch_add(&next, chunk)) < worker->high) {
        uint64_t high = worker->high - low < chunk ? worker->high : low + chunk;
        worker->primes += count_primes(low, high);
    }
    worker->busy = now(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

static uint64_t run(struct row *row, uint64_t n)
{
    uint64_t primes = 0, part = n / (uint64_t)row->threads;
    int started = 0, error = 0;

    atomic_store(&next, 0);
    chunk = row->chunk;
    for (; started < row->threads && !error; started += !error) {
        struct worker *worker = &row->workers[started];
        *worker = (struct worker){.low = part * (uint64_t)started, .high = n};
        if (row->work == work_static && started + 1 < row->threads)
            worker->high = worker->low + part;
        error = pthread_create(&worker->thread, NULL, row->work, worker);
    }
    for (int i = 0; i < started; i++) {
        struct worker *worker = &row->workers[i];
        pthread_join(worker->thread, NULL);
        primes += worker->primes;
        row->ideal += worker->busy / row->threads;
        row->longest = worker->busy > row->longest ? worker->busy : row->longest;
    }
    if (error) {
        fprintf(stderr, "primes: cannot start thread %d of %d: %s\n", started + 1, row->threads,
                strerror(error));
        exit(1);
    }
    return primes;
}

/* How much longer than the ideal the busiest thread worked, in percent. */
static double imbalance(const struct row *row)
{
    return row->ideal > 0 ? 100 * (row->longest / row->ideal - 1) : 0;
}

/* Each thread's busy time in percent of the row's. */
static void print_shares(const struct row *row, double wall)
{
    for (int i = 0; i < row->threads && i < SHOWN; i++)
        printf("%s%.0f%%", i ? "|" : "  ", 100 * row->workers[i].busy / wall);
    printf("%s  %.0f%%\n", row->threads > SHOWN ? "|..." : "", imbalance(row));
}

static void print_bar(double seconds, double full, char sign)
{
    char bar[BAR + 1] = "";

    memset(bar, sign, full > 0 ? (size_t)((double)BAR * seconds / full + 0.5) : 0);
    printf("  %-*s  %.3f s\n", BAR, bar, seconds);
}

/* Each thread's busy time as a bar; a bar of full length is `full` seconds. */
static void print_bars(const struct row *row, double full)
{
    printf("\n%s: the busiest thread worked %.0f%% longer than the ideal\n", row->name,
           imbalance(row));
    for (int i = 0; i < row->threads && i < SHOWN; i++) {
        printf("  thread %d", i + 1);
        print_bar(row->workers[i].busy, full, '#');
    }
    if (row->threads > SHOWN)
        printf("  ... and %d more\n", row->threads - SHOWN);
    printf("  ideal   ");
    print_bar(row->ideal, full, '-');
}

/* One thread, then chunks of 1, 16, 256 ... numbers, up to a whole part; return how many rows. */
static int sweep(struct row *rows, int threads, uint64_t n)
{
    uint64_t part = (n + (uint64_t)threads - 1) / (uint64_t)threads;
    int count = 0;

    rows[count++] = (struct row){.name = "sequential", .work = work_static, .threads = 1};
    for (uint64_t size = 1; size < part * 16; size *= 16) {
        struct row *row = &rows[count++];
        *row = (struct row){.work = work_dynamic, .threads = threads};
        row->chunk = size < part ? size : part;
        snprintf(row->name, sizeof row->name, "chunk-%" PRIu64, row->chunk);
    }
    return count;
}

/* The CPUs this process may use: affinity, then the cgroup's quota; at least 2. */
static int usable_cpus(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    long quota, period;
    cpu_set_t set;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        cpus = CPU_COUNT(&set);
    if (file && fscanf(file, "%ld %ld", &quota, &period) == 2 &&
        (quota + period - 1) / period < cpus)
        cpus = (quota + period - 1) / period;
    if (file)
        fclose(file);
#endif
    return cpus < 2 ? 2 : cpus > MAX_THREADS ? MAX_THREADS : (int)cpus;
}

/* Read a whole number from low to high, or end with one line and exit code 2. */
static uint64_t whole(int option, const char *text, uint64_t low, uint64_t high)
{
    char *end;

    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < low || value > high) {
        fprintf(stderr,
                "primes: -%c '%s': expected a whole number from %" PRIu64 " to %" PRIu64 "\n",
                option, text, low, high);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    static struct row rows[MAX_ROWS];
    uint64_t n = 2000000, size = 4096, expected = 0;
    int threads = usable_cpus(), many_sizes = 0, count = 3, wrong = 0;
    double base = 0;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("usage: primes [-n primes below n, default 2000000] [-t threads, 1 to 256]\n"
             "              [-c numbers in a chunk, default 4096] [-s try many sizes instead]");
        return 0;
    }
    for (int option; (option = getopt(argc, argv, "n:t:c:s")) != -1;) {
        if (option == 'n')
            n = whole(option, optarg, 1, 1000000000000);
        else if (option == 't')
            threads = (int)whole(option, optarg, 1, MAX_THREADS);
        else if (option == 'c')
            size = whole(option, optarg, 1, 1000000000000);
        else if (option == 's')
            many_sizes = 1;
        else
            return 2; /* getopt has said what is wrong */
    }
    if (optind < argc) {
        fprintf(stderr, "primes: '%s' is not an option; see --help\n", argv[optind]);
        return 2;
    }

    rows[0] = (struct row){.name = "sequential", .work = work_static, .threads = 1};
    rows[1] = (struct row){.name = "static", .work = work_static, .threads = threads};
    rows[2] =
        (struct row){.name = "dynamic", .work = work_dynamic, .threads = threads, .chunk = size};
    if (many_sizes)
        count = sweep(rows, threads, n);

    printf("count the primes below %" PRIu64 "; shares: how long each thread was busy\n", n);
    printf("%-14s%8s%14s%11s%9s%7s  %s\n", "version", "threads", "answer", "seconds", "speedup",
           "busy", "shares  imbalance");
    for (int i = 0; i < count; i++) {
        double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        uint64_t answer = run(&rows[i], n);
        wall = now(CLOCK_MONOTONIC) - wall;
        cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        base = i == 0 ? wall : base;
        expected = i == 0 ? answer : expected;
        wrong += answer != expected;
        printf("%-14s%8d%14" PRIu64 "%#11.4g%9.2f%7.2f", rows[i].name, rows[i].threads, answer,
               wall, base / wall, cpu / wall);
        print_shares(&rows[i], wall);
    }
    for (int i = 1; i < count && !many_sizes; i++)
        print_bars(&rows[i], rows[1].longest > rows[2].longest ? rows[1].longest : rows[2].longest);
    if (wrong)
        fprintf(stderr, "primes: %d rows differ from the sequential answer\n", wrong);
    return wrong ? 1 : 0;
}
