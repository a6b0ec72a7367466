/* The same countdown without an interpreter, so without a GIL: two threads, twice the speed.
 *
 *     cc -O2 -pthread count.c -o count && ./count
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 256 };

static uint64_t count_down(uint64_t n)
{
    uint64_t steps = 0;

    while (n > 0) {
        n--;
        steps++;
        /* Tells the compiler that n may have changed. Without it the loop is replaced by its
         * result, and there is nothing left to time. */
        __asm__ volatile("" : "+r"(n));
    }
    return steps;
}

struct worker {
    pthread_t thread;
    uint64_t n, steps;
};

static void *work(void *argument)
{
    struct worker *worker = argument;

    worker->steps = count_down(worker->n);
    return NULL;
}

/* Share total steps out to threads; return how many were taken. */
static uint64_t count_on_threads(uint64_t total, int threads)
{
    struct worker workers[MAX_THREADS];
    uint64_t steps = 0;
    int started = 0, error = 0;

    for (; started < threads && !error; started += !error) {
        workers[started].n =
            total / (uint64_t)threads + ((uint64_t)started < total % (uint64_t)threads);
        error = pthread_create(&workers[started].thread, NULL, work, &workers[started]);
    }
    for (int i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        steps += workers[i].steps;
    }
    if (error) {
        fprintf(stderr, "count: cannot start thread %d of %d: %s\n", started + 1, threads,
                strerror(error));
        exit(1);
    }
    return steps;
}

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
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
                "count: -%c '%s': expected a whole number from %" PRIu64 " to %" PRIu64 "\n",
                option, text, low, high);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    uint64_t n = 1000000000;
    int threads = usable_cpus(), wrong = 0;
    double base = 0;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("usage: count [-n count down from n, default 1000000000] [-t threads, 1 to 256]");
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
        fprintf(stderr, "count: '%s' is not an option; see --help\n", argv[optind]);
        return 2;
    }

    printf("count down from %" PRIu64 ", twice\n", n);
    printf("%-14s%8s%14s%11s%9s%7s\n", "version", "threads", "answer", "seconds", "speedup",
           "busy");
    for (int row = 0; row < 2; row++) {
        int workers = row == 0 ? 1 : threads;
        double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        uint64_t answer =
            row == 0 ? count_down(n) + count_down(n) : count_on_threads(2 * n, workers);
        wall = now(CLOCK_MONOTONIC) - wall;
        cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        base = row == 0 ? wall : base;
        wrong += answer != 2 * n;
        printf("%-14s%8d%14" PRIu64 "%#11.4g%9.2f%7.2f\n", row == 0 ? "sequential" : "threads",
               workers, answer, wall, base / wall, cpu / wall);
    }
    if (wrong)
        fprintf(stderr, "count: wrong answer in %d rows, expected %" PRIu64 "\n", wrong, 2 * n);
    return wrong ? 1 : 0;
}
