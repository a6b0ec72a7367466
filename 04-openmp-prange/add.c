/* Add two vectors on one core and on all of them: the memory is the limit, so the gain is small.
 *
 *     cc -O3 -march=native -fopenmp add.c -o add && ./add
 *
 *     serial           a plain loop
 *     openmp           the same loop, shared out to threads
 *     openmp-stream    ... with streaming stores, which go to memory past the caches
 * GB/s counts what the loop asks for, 24 bytes an element: a and b are read, c is written.
 */
#include "../tools/bench.h"
#include "../tools/meet.h"
#include "../tools/memory.h"
#include "stream.h"
#include <omp.h>

enum { BLOCK = 16384, PARTS = 8 };
static uint64_t n = 10000000, threads = 2;
static double *restrict a, *restrict b, *restrict c; /* `restrict`: they do not overlap */

static void serial(void)
{
    for (size_t i = 0; i < n; i++)
        c[i] = a[i] + b[i];
}

static void openmp(void)
{
#pragma omp parallel for simd schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++)
        c[i] = a[i] + b[i];
}

static void openmp_stream(void)
{
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i += BLOCK)
        add_stream(a + i, b + i, c + i, (int64_t)(n - i < BLOCK ? n - i : BLOCK));
}

/* A page lives in the memory of the core that touches it first. So the threads fill what they
 * will later add: with two sockets (NUMA) each core then finds its share near by. */
static void fill(void)
{
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++) {
        c[i] = a[i] = (double)i;
        b[i] = 2 * a[i];
    }
    usleep(300000); /* idle OpenMP threads spin for a while, and would disturb the serial loop */
}

static struct took time_of(void (*add)(void), uint64_t times)
{
    const struct took start = start_clock();

    for (uint64_t i = 0; i < times; i++)
        add();
    return since(start);
}

static void measure(struct table *table, const char *name, void (*add)(void), uint64_t team)
{
    uint64_t times = 1, sum = 0, right = 0;
    struct took took;

    memset(c, 0xff, n * sizeof *c); /* all NaN, so that no old sum can pass for a new one */
    while ((took = time_of(add, times)).wall < 0.1)
        times *= 2;
    for (; right < n && c[right] == 3 * (double)right; right++) /* NaN is equal to nothing */
        sum += (uint64_t)c[right];
    took = (struct took){took.wall / (double)times, took.cpu / (double)times};
    row(table, name, team, sum, right == n, took, "%8.1f\n", 24 * (double)n / took.wall / 1e9);
}

/* Which thread gets the first element of each eighth? And are all in the region at one moment? */
static void print_team(void)
{
    const size_t part = (n + PARTS - 1) / PARTS;
    struct meeting meeting = {0};
    int thread_of[PARTS];

#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static)
        for (size_t i = 0; i < n; i++)
            if (i % part == 0)
                thread_of[i / part] = omp_get_thread_num();
        meet(&meeting, omp_get_num_threads(), 10);
    }
    printf("\nthread of each eighth:");
    for (size_t i = 0; i * part < n; i++)
        printf(" %d", thread_of[i]);
    printf("; inside at one moment: %d\n", meeting.highest);
}

int main(int argc, char **argv)
{
    const struct opt options[] = {
        {'n', &n, 1, 1000000000, "elements"}, {'t', &threads, 1, MAX_THREADS, "threads"}, {0}};

    read_options(argc, argv, NULL, options);
    a = memory(n * sizeof *a);
    b = memory(n * sizeof *b);
    c = memory(n * sizeof *c);
    fill();
    printf("add two vectors of %" PRIu64 " doubles; seconds for one addition\n", n);
    struct table table = header("%8s\n", "GB/s");
    measure(&table, "serial", serial, 1);
    measure(&table, "openmp", openmp, threads);
    measure(&table, "openmp-stream", openmp_stream, threads);
    print_team();
    return verdict(&table);
}
