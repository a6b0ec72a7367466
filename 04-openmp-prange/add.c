/* Add two vectors on one core and on all of them: the work is memory bound, so the gain is small.
 *
 *     cc -O3 -march=native -fopenmp add.c -o add && ./add
 *
 *     serial           a plain loop
 *     openmp           the same loop, shared out to threads
 *     openmp-stream    ... with streaming stores, which go to memory past the caches
 *
 * GB/s counts what the loop asks for, 24 bytes an element: a and b are read, c is written.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <omp.h>
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

enum { MAX_THREADS = 256, PARTS = 8 };

/* n elements each, page-aligned. `restrict` promises the compiler that they do not overlap. */
static double *restrict a, *restrict b, *restrict c;

static void serial(size_t n, int threads)
{
    (void)threads;
    for (size_t i = 0; i < n; i++)
        c[i] = a[i] + b[i];
}

static void openmp(size_t n, int threads)
{
#pragma omp parallel for simd schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++)
        c[i] = a[i] + b[i];
}

#ifdef __SSE2__
static void openmp_stream(size_t n, int threads)
{
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static) nowait
        for (size_t i = 0; i < n / 2 * 2; i += 2)
            _mm_stream_pd(c + i, _mm_add_pd(_mm_load_pd(a + i), _mm_load_pd(b + i)));
        _mm_sfence(); /* streaming stores are not ordered: finish them before the team parts */
    }
    if (n % 2)
        c[n - 1] = a[n - 1] + b[n - 1];
}
#endif

static const struct version {
    const char *name;
    void (*add)(size_t n, int threads);
} versions[] = {
    {"serial", serial},
    {"openmp", openmp},
#ifdef __SSE2__
    {"openmp-stream", openmp_stream},
#endif
};

/* A page lives in the memory of the core that touches it first. So the threads fill what they
 * will later add: with two sockets (NUMA) each core then finds its share near by. */
static void fill(size_t n, int threads)
{
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++) {
        a[i] = (double)i;
        b[i] = 2 * (double)i;
        c[i] = NAN; /* a version that leaves an element out cannot pass with an old sum */
    }
}

/* Add up the right elements and count the wrong ones. Said this way, a NaN is wrong. */
static uint64_t check(size_t n, size_t *wrong)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        if (c[i] == 3 * (double)i)
            sum += (uint64_t)c[i];
        else
            ++*wrong;
    }
    return sum;
}

/* Which thread adds the first element of each eighth? The same loop, the same schedule. */
static void print_team(size_t n, int threads)
{
    size_t part = (n + PARTS - 1) / PARTS;
    int thread_of[PARTS];

#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++)
        if (i % part == 0)
            thread_of[i / part] = omp_get_thread_num();
    printf("\nthread of each eighth:");
    for (size_t i = 0; i * part < n; i++)
        printf(" %d", thread_of[i]);
    printf("\n");
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
static uint64_t whole(const char *option, const char *text, uint64_t low, uint64_t high)
{
    char *end;

    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < low || value > high) {
        fprintf(stderr, "add: %s '%s': expected a whole number from %" PRIu64 " to %" PRIu64 "\n",
                option, text, low, high);
        exit(2);
    }
    return value;
}

/* OMP_NUM_THREADS is "4", or "4,2" for nested teams: take the first. Runtimes hang or crash on
 * other values, so this is called before anything else of OpenMP is. */
static int default_threads(void)
{
    const char *text = getenv("OMP_NUM_THREADS");
    char list[64];

    if (!text)
        return usable_cpus();
    snprintf(list, sizeof list, "%s", text);
    if (strlen(text) < sizeof list && text[strspn(text, "0123456789,")] == '\0')
        list[strcspn(list, ",")] = '\0';
    return (int)whole("OMP_NUM_THREADS", list, 1, MAX_THREADS);
}

/* Three arrays must fit in three quarters of the memory: the machine needs some for itself. */
static uint64_t largest_n(void)
{
    uint64_t bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE), limit;
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "r"); /* a container's; "max" if it has none */

    if (file && fscanf(file, "%" SCNu64, &limit) == 1 && limit < bytes)
        bytes = limit;
    if (file)
        fclose(file);
    uint64_t most = bytes / 4 * 3 / (3 * sizeof(double));

    return most < 1000000000 ? most : 1000000000; /* up to here the answer fits in 64 bits */
}

/* In pages of 2 MB if Linux has them to give, as NumPy does: fewer addresses to translate. */
static double *vector(size_t n)
{
    size_t page = 1 << 21, bytes = (n * sizeof(double) + page - 1) / page * page;
    double *elements = aligned_alloc(page, bytes);

#ifdef MADV_HUGEPAGE
    if (elements)
        (void)madvise(elements, bytes, MADV_HUGEPAGE); /* a wish: a refusal changes no answer */
#endif
    return elements;
}

/* Add until 0.2 s are over, looking at the clock ever less often; return the seconds of one. */
static double seconds_of(const struct version *version, size_t n, int threads, double *busy)
{
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID), passed = 0;
    long passes = 0;

    while (passed < 0.2) {
        long more = passes / 2 + 1;
        for (long i = 0; i < more; i++)
            version->add(n, threads);
        passes += more;
        passed = now(CLOCK_MONOTONIC) - wall;
    }
    *busy = (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / passed;
    return passed / (double)passes;
}

int main(int argc, char **argv)
{
    int threads = default_threads();
    size_t n = 10000000, wrong = 0;
    double base = 0, busy;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("usage: add [-n elements, default 10000000] [-t threads, 1 to 256]");
        return 0;
    }
    for (int option; (option = getopt(argc, argv, "n:t:")) != -1;) {
        if (option == 'n')
            n = whole("-n", optarg, 1, largest_n());
        else if (option == 't')
            threads = (int)whole("-t", optarg, 1, MAX_THREADS);
        else
            return 2; /* getopt has said what is wrong */
    }
    if (optind < argc) {
        fprintf(stderr, "add: '%s' is not an option; see --help\n", argv[optind]);
        return 2;
    }
    a = vector(n);
    b = vector(n);
    c = vector(n);
    if (!a || !b || !c) {
        fprintf(stderr, "add: -n '%zu': no memory for three vectors; expected a lower number\n", n);
        return 2;
    }

    printf("add two vectors of %zu doubles; seconds for one addition\n", n);
    printf("%-14s%8s%17s%11s%9s%7s%8s\n", "version", "threads", "answer", "seconds", "speedup",
           "busy", "GB/s");
    for (size_t row = 0; row < sizeof versions / sizeof *versions; row++) {
        int team = versions[row].add == serial ? 1 : threads;
        fill(n, threads);
        if (team == 1) /* let the threads that filled fall asleep: idle, they spin for a while */
            nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
        double seconds = seconds_of(&versions[row], n, team, &busy);
        base = row == 0 ? seconds : base;
        printf("%-14s%8d %16" PRIu64 "%#11.4g%9.2f%7.2f%8.1f\n", versions[row].name, team,
               check(n, &wrong), seconds, base / seconds, busy, 24 * (double)n / seconds / 1e9);
    }
    print_team(n, threads);
    free(a);
    free(b);
    free(c);
    if (wrong)
        fprintf(stderr, "add: wrong answer; elements that are not a + b: %zu\n", wrong);
    return wrong ? 1 : 0;
}
