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

enum { MAX_THREADS = 256, PADDED = 16, GIVE_WAY = 65536 };

typedef atomic_uint_fast64_t counter;

/* 128 bytes and not 64: x86 fetches lines in pairs, and Apple's are twice as long. */
static _Alignas(128) counter counters[MAX_THREADS * PADDED];
static uint64_t guarded; /* a plain number: touched with the lock held, or when no thread runs */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Two accesses, so not one step, yet no undefined behaviour. And being atomic, each is really
 * made: the compiler keeps a plain counter in a register, and a register has no neighbours. */
static uint64_t get(counter *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void set(counter *count, uint64_t value)
{
    atomic_store_explicit(count, value, memory_order_relaxed);
}

static void count_own(counter *count, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++)
        set(count, get(count) + 1);
}

/* As count_own, but all threads have the same counter. Giving way between the read and the write
 * is what the system does to a thread at any moment; now and then on purpose shows it every time,
 * on one core too. */
static void count_racy(counter *count, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++) {
        uint64_t value = get(count);
        if (i % GIVE_WAY == 0)
            sched_yield();
        set(count, value + 1);
    }
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
    int threads;
    int stride; /* from one thread's counter to the next one's; 0: all have the same */
};

struct worker {
    pthread_t thread;
    const struct version *version;
    counter *count;
    uint64_t steps;
};

/* main holds the gate until every thread is there, so that all count at the same time. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static int called_off;

static void *work(void *argument)
{
    struct worker *worker = argument;

    pthread_mutex_lock(&gate);
    int stop = called_off;
    pthread_mutex_unlock(&gate);
    if (!stop)
        worker->version->count(worker->count, worker->steps);
    return NULL;
}

static void run(const struct version *version, uint64_t n)
{
    static struct worker workers[MAX_THREADS];
    uint64_t t = (uint64_t)version->threads;
    int started = 0, error = 0;

    pthread_mutex_lock(&gate);
    for (; started < version->threads && !error; started += !error) {
        workers[started].version = version;
        workers[started].count = &counters[started * version->stride];
        workers[started].steps = n / t + ((uint64_t)started < n % t);
        error = pthread_create(&workers[started].thread, NULL, work, &workers[started]);
    }
    called_off = error;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    if (error) {
        fprintf(stderr, "shared_counter: cannot start thread %d of %d: %s\n", started + 1,
                version->threads, strerror(error));
        exit(1);
    }
}

/* What was counted, wherever the version did it; and back to zero. */
static uint64_t collect(void)
{
    uint64_t sum = guarded;

    guarded = 0;
    for (int i = 0; i < MAX_THREADS * PADDED; i++) {
        sum += get(&counters[i]);
        set(&counters[i], 0);
    }
    return sum;
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
                "shared_counter: -%c '%s': expected a whole number from %" PRIu64 " to %" PRIu64
                "\n",
                option, text, low, high);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    uint64_t n = 40000000;
    int threads = usable_cpus(), wrong = 0;
    double base = 0;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("usage: shared_counter [-n count to n, default 40000000] [-t threads, 1 to 256]");
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
        fprintf(stderr, "shared_counter: '%s' is not an option; see --help\n", argv[optind]);
        return 2;
    }

    const struct version versions[] = {
        {"sequential", count_own, 1, 0},    {"racy", count_racy, threads, 0},
        {"mutex", count_mutex, threads, 0}, {"atomic", count_atomic, threads, 0},
        {"packed", count_own, threads, 1},  {"padded", count_own, threads, PADDED},
    };

    printf("count to %" PRIu64 " together; ns/step: seconds / %" PRIu64 "\n", n, n);
    printf("%-14s%8s%14s%11s%9s%7s%14s%10s\n", "version", "threads", "answer", "seconds", "speedup",
           "busy", "lost", "ns/step");
    for (int row = 0; row < 6; row++) {
        double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        run(&versions[row], n);
        wall = now(CLOCK_MONOTONIC) - wall;
        cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        base = row == 0 ? wall : base;
        uint64_t answer = collect();
        wrong += answer != n && versions[row].count != count_racy;
        printf("%-14s%8d%14" PRIu64 "%#11.4g%9.2f%7.2f%14" PRId64 "%10.2f\n", versions[row].name,
               versions[row].threads, answer, wall, base / wall, cpu / wall, (int64_t)(n - answer),
               wall * 1e9 / (double)n);
    }
    puts("\nracy is wrong on purpose: two threads read the same number, both write that number + "
         "1,");
    printf("and one step is lost. It gives way between the two at every %dth step.\n", GIVE_WAY);
    if (wrong)
        fprintf(stderr, "shared_counter: wrong answer in %d rows, expected %" PRIu64 "\n", wrong,
                n);
    return wrong ? 1 : 0;
}
