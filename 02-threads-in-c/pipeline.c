/* A producer, a queue with few places, and workers: whoever is too fast waits, and nothing is lost.
 *
 *     cc -O2 -pthread pipeline.c -o pipeline && ./pipeline
 *
 * An item is the start of a chunk of numbers; the workers count the primes in it. Ctrl-C
 * stops the producer, and what it has made is still done.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 256, MAX_PLACES = 65536 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t not_full, not_empty;
    uint64_t items[MAX_PLACES]; /* a ring: `filled` items from `first` on */
    size_t places, first, filled, most;
    int closed;
} queue = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .not_full = PTHREAD_COND_INITIALIZER,
    .not_empty = PTHREAD_COND_INITIALIZER,
};

static void put(uint64_t item)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.filled == queue.places)
        pthread_cond_wait(&queue.not_full, &queue.lock);
    queue.items[(queue.first + queue.filled++) % queue.places] = item;
    queue.most = queue.filled > queue.most ? queue.filled : queue.most;
    pthread_cond_signal(&queue.not_empty);
    pthread_mutex_unlock(&queue.lock);
}

/* Take the oldest item; 0 if there is none and none will come. */
static int take(uint64_t *item)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.filled == 0 && !queue.closed)
        pthread_cond_wait(&queue.not_empty, &queue.lock);
    int taken = queue.filled > 0;
    if (taken) {
        *item = queue.items[queue.first];
        queue.first = (queue.first + 1) % queue.places;
        queue.filled--;
        pthread_cond_signal(&queue.not_full);
    }
    pthread_mutex_unlock(&queue.lock);
    return taken;
}

/* Everyone who waits for an item must learn that none will come, hence broadcast. */
static void close_queue(int closed)
{
    pthread_mutex_lock(&queue.lock);
    queue.closed = closed;
    pthread_cond_broadcast(&queue.not_empty);
    pthread_mutex_unlock(&queue.lock);
}

/* All that a signal handler may safely do is to raise a flag. A producer that waits for a free
 * place need not be woken: the workers go on, and make one. */
static atomic_int interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

static uint64_t chunk = 10000; /* numbers an item stands for */

static int is_prime(uint64_t n)
{
    if (n < 2)
        return 0;
    for (uint64_t d = 2; d * d <= n; d++)
        if (n % d == 0)
            return 0;
    return 1;
}

static uint64_t count_primes(uint64_t low, uint64_t high)
{
    uint64_t primes = 0;

    for (uint64_t n = low; n < high; n++)
        primes += (uint64_t)is_prime(n);
    return primes;
}

struct result {
    uint64_t primes, made, done; /* items made by the producer, done by the workers */
};

struct worker {
    _Alignas(128) pthread_t thread; /* 128: no two workers in a cache line */
    uint64_t n, primes, done;
};

static uint64_t do_item(uint64_t low, uint64_t n)
{
    return count_primes(low, n - low < chunk ? n : low + chunk);
}

static void *work(void *argument)
{
    struct worker *worker = argument;

    for (uint64_t low; take(&low); worker->done++)
        worker->primes += do_item(low, worker->n);
    return NULL;
}

static struct result sequential(uint64_t n, int threads)
{
    struct result result = {0, 0, 0};

    (void)threads;
    for (uint64_t low = 0; low < n && !interrupted; low += chunk) {
        result.made++;
        result.primes += do_item(low, n);
        result.done++;
    }
    return result;
}

static struct result pipeline(uint64_t n, int threads)
{
    static struct worker workers[MAX_THREADS];
    struct result result = {0, 0, 0};
    int started = 0, error = 0;

    close_queue(0);
    for (; started < threads && !error; started += !error) {
        workers[started] = (struct worker){.n = n};
        error = pthread_create(&workers[started].thread, NULL, work, &workers[started]);
    }
    for (uint64_t low = 0; low < n && !interrupted && !error; low += chunk, result.made++)
        put(low);
    close_queue(1);
    for (int i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        result.primes += workers[i].primes;
        result.done += workers[i].done;
    }
    if (error) {
        fprintf(stderr, "pipeline: cannot start thread %d of %d: %s\n", started + 1, threads,
                strerror(error));
        exit(1);
    }
    return result;
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
                "pipeline: -%c '%s': expected a whole number from %" PRIu64 " to %" PRIu64 "\n",
                option, text, low, high);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    uint64_t n = 2000000;
    int threads = usable_cpus(), wrong = 0;
    struct result first = {0, 0, 0}, result = {0, 0, 0};
    double base = 0;

    queue.places = 16;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("usage: pipeline [-n primes below n, default 2000000] [-t workers, 1 to 256]\n"
             "                [-q places in the queue, 1 to 65536, default 16]\n"
             "                [-c numbers an item, default 10000]");
        return 0;
    }
    for (int option; (option = getopt(argc, argv, "n:t:q:c:")) != -1;) {
        if (option == 'n')
            n = whole(option, optarg, 1, 1000000000000);
        else if (option == 't')
            threads = (int)whole(option, optarg, 1, MAX_THREADS);
        else if (option == 'q')
            queue.places = (size_t)whole(option, optarg, 1, MAX_PLACES);
        else if (option == 'c')
            chunk = whole(option, optarg, 1, 1000000000000);
        else
            return 2; /* getopt has said what is wrong */
    }
    if (optind < argc) {
        fprintf(stderr, "pipeline: '%s' is not an option; see --help\n", argv[optind]);
        return 2;
    }
    if (sigaction(SIGINT, &action, NULL) != 0) { /* the second Ctrl-C ends it at once */
        perror("pipeline: sigaction");
        return 1;
    }

    printf("count the primes below %" PRIu64 ", %" PRIu64 " an item; places in the queue: %zu\n", n,
           chunk, queue.places);
    printf("%-14s%8s%14s%11s%9s%7s%12s%12s\n", "version", "threads", "answer", "seconds", "speedup",
           "busy", "made", "done");
    for (int row = 0; row < 2 && !interrupted; row++) {
        fflush(stdout);
        double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        result = row == 0 ? sequential(n, 1) : pipeline(n, threads);
        wall = now(CLOCK_MONOTONIC) - wall;
        cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        base = row == 0 ? wall : base;
        first = row == 0 ? result : first;
        wrong += result.made != result.done || (result.primes != first.primes && !interrupted);
        printf("%-14s%8d%14" PRIu64 "%#11.4g%9.2f%7.2f%12" PRIu64 "%12" PRIu64 "\n",
               row == 0 ? "sequential" : "pipeline", row == 0 ? 1 : threads, result.primes, wall,
               base / wall, cpu / wall, result.made, result.done);
    }
    printf("\nat most %zu of %zu places in the queue were taken at one time\n", queue.most,
           queue.places);
    if (interrupted)
        printf("stopped by Ctrl-C: %" PRIu64 " items made, %" PRIu64 " done\n", result.made,
               result.done);
    if (wrong)
        fprintf(stderr, "pipeline: %d rows with a wrong answer, or with items lost\n", wrong);
    return wrong ? 1 : interrupted ? 128 + SIGINT : 0;
}
