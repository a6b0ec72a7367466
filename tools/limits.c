/* What this machine can do: memory read, written and added, and multiply-adds, on 1..T threads.
 *
 *     cc -O3 -march=native -ffp-contract=fast -pthread limits.c -o limits && ./limits
 *
 * GB/s counts the bytes that the program asks for: 8 read, 8 written, 24 for an addition. Before
 * an ordinary store the processor reads the line that it overwrites; a streaming store leaves
 * that out, so `add-stream` is the highest of all and `add` is what plain code can reach.
 */
#define _GNU_SOURCE /* sched_getaffinity, madvise */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#if defined(__AVX512F__)
enum { LANES = 192 }; /* floats in 12 vector registers: enough chains, and no register too many */
#elif defined(__AVX__)
enum { LANES = 96 };
#else
enum { LANES = 48 };
#endif
enum { MAX_THREADS = 256, ROUNDS = 100000 };
enum { N = 10000000 }; /* elements: three arrays of 80 MB, larger than most caches */

static double *a, *b, *c;

/* A kernel works on the elements low..high and returns something that depends on all of them. */

static double read_memory(size_t low, size_t high)
{
    uint64_t sum = 0; /* integers, because their sum may be reordered */

    for (size_t i = low; i < high; i++) {
        uint64_t bits;
        memcpy(&bits, &a[i], sizeof bits);
        sum += bits;
    }
    return (double)sum;
}

/* A page lives near the core that touches it first, so the threads do it and not main. */
static double touch(size_t low, size_t high)
{
    for (size_t i = low; i < high; i++) {
        a[i] = (double)i;
        b[i] = c[i] = 1;
    }
    return c[high - 1];
}

static double write_memory(size_t low, size_t high)
{
    for (size_t i = low; i < high; i++)
        c[i] = (double)low;
    return c[high - 1];
}

static double add(size_t low, size_t high)
{
    const double *restrict x = a, *restrict y = b;
    double *restrict z = c;

    for (size_t i = low; i < high; i++)
        z[i] = x[i] + y[i];
    return z[high - 1];
}

#ifdef __SSE2__
static double add_stream(size_t low, size_t high)
{
    for (size_t i = low; i < high; i += 2)
        _mm_stream_pd(c + i, _mm_add_pd(_mm_load_pd(a + i), _mm_load_pd(b + i)));
    _mm_sfence();
    return c[high - 1];
}
#endif

/* LANES independent chains, so that no multiply-add waits for the one before it. */
static double multiply_add(size_t low, size_t high)
{
    float chain[LANES], factor = (float)low * 1e-12f + 0.5f, sum = 0;

    for (int lane = 0; lane < LANES; lane++)
        chain[lane] = (float)(high + (size_t)lane);
    for (int round = 0; round < ROUNDS; round++)
        for (int lane = 0; lane < LANES; lane++)
            chain[lane] = chain[lane] * factor + 1.0f;
    for (int lane = 0; lane < LANES; lane++)
        sum += chain[lane];
    return (double)sum;
}

static const struct limit {
    const char *name;
    double (*kernel)(size_t low, size_t high);
    size_t elements;
    int bytes, passes; /* bytes an element; as many passes as take about 0.2 s */
} limits[] = {
    {"read", read_memory, N, 8, 50},
    {"read-34MB", read_memory, 4300000, 8, 200}, /* chapter 5's data: some fits in some caches */
    {"write", write_memory, N, 8, 50},
    {"add", add, N, 24, 20},
#ifdef __SSE2__
    {"add-stream", add_stream, N, 24, 30},
#endif
    {"fma", multiply_add, N, 0, 200},
};

struct worker {
    pthread_t thread;
    const struct limit *limit;
    size_t low, high;
    int passes;
    double result;
};

static void *work(void *argument)
{
    struct worker *worker = argument;

    for (int pass = 0; pass < worker->passes; pass++)
        worker->result += worker->limit->kernel(worker->low, worker->high);
    return NULL;
}

/* Memory is shared out to the threads by element, multiply-adds by pass. */
static int passes_of(const struct limit *limit, int threads)
{
    return limit->bytes ? limit->passes : (limit->passes + threads - 1) / threads;
}

static void run(const struct limit *limit, int threads)
{
    static struct worker workers[MAX_THREADS];
    int started = 0, error = 0;

    for (; started < threads && !error; started += !error) {
        size_t part = limit->elements / (size_t)threads / 512 * 512; /* whole pages */
        workers[started] = (struct worker){.limit = limit, .low = (size_t)started * part};
        workers[started].high = workers[started].low + part;
        workers[started].passes = passes_of(limit, threads);
        error = pthread_create(&workers[started].thread, NULL, work, &workers[started]);
    }
    for (int i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    if (error) {
        fprintf(stderr, "limits: cannot start thread %d: %s\n", started + 1, strerror(error));
        exit(1);
    }
}

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void print_row(const struct limit *limit, int threads, double base, double wall, double cpu)
{
    double elements = (double)(limit->elements / (size_t)threads / 512 * 512) * threads;

    printf("%-14s%8d%14s%#11.4g%9.2f%7.2f", limit->name, threads, "-", wall / limit->passes,
           base / wall, cpu / wall);
    if (limit->bytes)
        printf("%8.1f%9s\n", limit->bytes * elements * limit->passes / wall / 1e9, "-");
    else
        printf("%8s%9.1f\n", "-",
               2.0 * (double)LANES * (double)ROUNDS * passes_of(limit, threads) * threads / wall /
                   1e9);
}

/* On 1, 2, 4 ... threads, and on all. */
static void measure(const struct limit *limit, int most)
{
    double base = 0;

    for (int threads = 1; threads <= most;) {
        double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        run(limit, threads);
        wall = now(CLOCK_MONOTONIC) - wall;
        cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        base = threads == 1 ? wall : base;
        print_row(limit, threads, base, wall, cpu);
        threads = threads < most && threads * 2 > most ? most : threads * 2;
    }
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

/* N elements, in pages of 2 MB if Linux has them to give: fewer addresses to translate. */
static double *vector(void)
{
    size_t page = 1 << 21, bytes = (N * sizeof(double) + page - 1) / page * page;
    double *elements = aligned_alloc(page, bytes);

#ifdef MADV_HUGEPAGE
    if (elements)
        (void)madvise(elements, bytes, MADV_HUGEPAGE); /* a wish: a refusal changes no answer */
#endif
    return elements;
}

static int known(const char *name)
{
    /* Known everywhere, measured where there is such a thing. */
    int found = strcmp(name, "add-stream") == 0;

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        found |= strcmp(name, limits[i].name) == 0;
    return found;
}

static int chosen(const char *name, int argc, char **argv)
{
    int found = argc == 1;

    for (int i = 1; i < argc; i++)
        found |= strcmp(name, argv[i]) == 0;
    return found;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return puts("usage: limits [read] [read-34MB] [write] [add] [add-stream] [fma]   (default: "
                    "all)") == EOF;
    for (int i = 1; i < argc; i++)
        if (!known(argv[i])) {
            fprintf(stderr,
                    "limits: '%s' is not one of read, read-34MB, write, add, add-stream, fma\n",
                    argv[i]);
            return 2;
        }
    a = vector();
    b = vector();
    c = vector();
    if (!a || !b || !c) {
        fprintf(stderr, "limits: needs 240 MB of memory\n");
        return 1;
    }
    const int most = usable_cpus();
    run(&(struct limit){"touch", touch, N, 24, 1}, most);
    (void)touch(N / (size_t)most / 512 * 512 * (size_t)most, N);

    printf("what this machine can do: memory and multiply-adds; seconds for one pass\n");
    printf("%-14s%8s%14s%11s%9s%7s%8s%9s\n", "version", "threads", "answer", "seconds", "speedup",
           "busy", "GB/s", "GFLOP/s");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (chosen(limits[i].name, argc, argv))
            measure(&limits[i], most);
    free(a);
    free(b);
    free(c);
    return 0;
}
