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
#include "../tools/bench.h"
#include "../tools/meet.h"
#include "../tools/memory.h"
#include "stream.h"
#include <math.h>
#include <omp.h>

/* n elements each. `restrict` promises the compiler that they do not overlap. */
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

static void openmp_stream(size_t n, int threads)
{
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i += STREAM_BLOCK) {
        size_t left = n - i;
        add_stream(a + i, b + i, c + i, left < STREAM_BLOCK ? (ptrdiff_t)left : STREAM_BLOCK);
    }
}

/* A page lives in the memory of the core that touches it first. So the threads fill what they
 * will later add: with two sockets (NUMA) each core then finds its share near by. */
static void fill(size_t n, int threads)
{
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++) {
        a[i] = (double)i;
        b[i] = 2 * (double)i;
        c[i] = 0;
    }
    /* OpenMP's idle threads spin for a while. Let them fall asleep, so that they disturb no one. */
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
}

/* Add up the right elements, and note if there are others. Said this way, a NaN is wrong. */
static uint64_t check(size_t n, int *right)
{
    uint64_t sum = 0;

    *right = 1;
    for (size_t i = 0; i < n; i++) {
        if (c[i] == 3 * (double)i)
            sum += (uint64_t)c[i];
        else
            *right = 0;
    }
    return sum;
}

/* Add until 0.1 s are over, looking at the clock ever less often: by it, one addition's time. */
static void measure(struct table *table, const char *name, void (*add)(size_t n, int threads),
                    size_t n, int threads)
{
    uint64_t passes = 0, sum;
    int right;

    for (size_t i = 0; i < n; i++)
        c[i] = NAN; /* a version that leaves an element out cannot pass with an old sum */
    struct took start = start_clock(), took;
    do {
        for (uint64_t more = passes / 2 + 1; more > 0; more--, passes++)
            add(n, threads);
        took = since(start);
    } while (took.wall < 0.1);
    took.wall /= (double)passes;
    took.cpu /= (double)passes;
    sum = check(n, &right);
    row(table, name, (uint64_t)threads, sum, right, took, "%8.1f\n",
        24 * (double)n / took.wall / 1e9);
}

/* Which thread adds the first element of each eighth? The same loop, the same schedule. And how
 * many are in a parallel region at the same time? */
static void print_team(size_t n, int threads)
{
    enum { PARTS = 8 };
    const size_t part = (n + PARTS - 1) / PARTS;
    struct meeting meeting = {0};
    int thread_of[PARTS];

#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++)
        if (i % part == 0)
            thread_of[i / part] = omp_get_thread_num();
#pragma omp parallel num_threads(threads)
    meet(&meeting, threads, 10);
    printf("\nthread of each eighth:");
    for (size_t i = 0; i * part < n; i++)
        printf(" %d", thread_of[i]);
    printf("; inside at one moment: %d\n", meeting.highest);
}

int main(int argc, char **argv)
{
    uint64_t n = 10000000, t = 2;
    const struct opt options[] = {
        {'n', &n, 1, 1000000000, "elements"}, {'t', &t, 1, MAX_THREADS, "threads"}, {0}};

    read_options(argc, argv, NULL, options);
    a = memory(n * sizeof *a);
    b = memory(n * sizeof *b);
    c = memory(n * sizeof *c);
    const int threads = (int)t;
    fill(n, threads);

    printf("add two vectors of %" PRIu64 " doubles; seconds for one addition\n", n);
    struct table table = header("%8s\n", "GB/s");
    measure(&table, "serial", serial, n, 1);
    measure(&table, "openmp", openmp, n, threads);
    if (HAS_STREAM)
        measure(&table, "openmp-stream", openmp_stream, n, threads);
    print_team(n, threads);
    free(a);
    free(b);
    free(c);
    return verdict(&table);
}
