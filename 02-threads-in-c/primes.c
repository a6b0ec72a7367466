/* Count the primes below n on threads: who does which part, and why equal parts are not equal.
 *
 *     cc -O2 -pthread primes.c -o primes && ./primes
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

enum { MAX_THREADS = 256, CHUNK = 4096 };

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
    pthread_t thread;
    uint64_t low, high; /* static: its part; dynamic: 0 and n */
    uint64_t primes;
    double busy; /* CPU seconds */
};

static atomic_uint_fast64_t next; /* dynamic: where the next free chunk begins */

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

    while ((low = atomic_fetch_add(&next, CHUNK)) < worker->high) {
        uint64_t high = worker->high - low < CHUNK ? worker->high : low + CHUNK;
        worker->primes += count_primes(low, high);
    }
    worker->busy = now(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

static uint64_t run(void *(*work)(void *), uint64_t n, struct worker *workers, int threads)
{
    uint64_t primes = 0;
    int started = 0, error = 0;

    atomic_store(&next, 0);
    for (; started < threads && !error; started += !error) {
        uint64_t i = (uint64_t)started, t = (uint64_t)threads;
        workers[i] = (struct worker){.low = n / t * i, .high = n};
        if (work == work_static && i + 1 < t)
            workers[i].high = n / t * (i + 1);
        error = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    for (int i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        primes += workers[i].primes;
    }
    if (error) {
        fprintf(stderr, "primes: cannot start thread %d of %d: %s\n", started + 1, threads,
                strerror(error));
        exit(1);
    }
    return primes;
}

/* Each thread's busy time in percent of the row's, of the first eight threads. */
static void print_shares(const struct worker *workers, int threads, double wall)
{
    for (int i = 0; i < threads && i < 8; i++)
        printf("%s%.0f%%", i ? "|" : "  ", 100 * workers[i].busy / wall);
    printf("%s\n", threads > 8 ? "|..." : "");
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
    static struct worker workers[MAX_THREADS];
    uint64_t n = 2000000, expected = 0;
    int threads = usable_cpus(), wrong = 0;
    double base = 0;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("usage: primes [-n primes below n, default 2000000] [-t threads, 1 to 256]");
        return 0;
    }
    for (int option; (option = getopt(argc, argv, "n:t:")) != -1;) {
        if (option == 'n')
            n = whole(option, optarg, 1, 1000000000000);
        else if (option == 't')
            threads = (int)whole(option, optarg, 1, MAX_THREADS);
        else
            return 2; /* getopt has said what is wrong */
    }
    if (optind < argc) {
        fprintf(stderr, "primes: '%s' is not an option; see --help\n", argv[optind]);
        return 2;
    }

    const struct {
        const char *name;
        void *(*work)(void *);
        int threads;
    } versions[] = {
        {"sequential", work_static, 1},
        {"static", work_static, threads},
        {"dynamic", work_dynamic, threads},
    };

    printf("count the primes below %" PRIu64 "; shares: how long each thread was busy\n", n);
    printf("%-14s%8s%14s%11s%9s%7s  %s\n", "version", "threads", "answer", "seconds", "speedup",
           "busy", "shares");
    for (int row = 0; row < 3; row++) {
        double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        uint64_t answer = run(versions[row].work, n, workers, versions[row].threads);
        wall = now(CLOCK_MONOTONIC) - wall;
        cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        base = row == 0 ? wall : base;
        expected = row == 0 ? answer : expected;
        wrong += answer != expected;
        printf("%-14s%8d%14" PRIu64 "%#11.4g%9.2f%7.2f", versions[row].name, versions[row].threads,
               answer, wall, base / wall, cpu / wall);
        print_shares(workers, versions[row].threads, wall);
    }
    if (wrong)
        fprintf(stderr, "primes: %d rows differ from the sequential answer\n", wrong);
    return wrong ? 1 : 0;
}
