/* The Mandelbrot set: nothing but arithmetic, and some rows take far longer than others.
 *
 *     cc -O3 -march=native -ffp-contract=off -fopenmp mandelbrot.c -o mandelbrot -lm \
 *         && ./mandelbrot
 *
 *     serial      one pixel after the other
 *     simd        32 pixels at a time: some in each vector register, and several registers
 *     parallel    one pixel after the other, the rows shared out to threads
 *     static ...  both: simd, and the rows shared out by one of OpenMP's schedules
 */
#include "../tools/bench.h"
#include "../tools/memory.h"
#include "pixels.h"
#include <omp.h>

static uint64_t n = 1024, iterations = 500;
static uint32_t *counts; /* n x n */

static const struct version {
    const char *name;
    void (*compute_row)(size_t n, size_t r, uint32_t most, uint32_t *counts);
    int parallel;
    omp_sched_t schedule;
    int chunk; /* rows that a thread takes at a time; 0: an equal part for each thread */
} versions[] = {
    {"serial", one_by_one, 0, omp_sched_static, 0},
    {"simd", in_lanes, 0, omp_sched_static, 0},
    {"parallel", one_by_one, 1, omp_sched_dynamic, 1},
    {"static", in_lanes, 1, omp_sched_static, 0},
    {"static-16", in_lanes, 1, omp_sched_static, 16},
    {"dynamic", in_lanes, 1, omp_sched_dynamic, 1},
    {"dynamic-16", in_lanes, 1, omp_sched_dynamic, 16},
};

/* Compute all rows; return the number of threads. *imbalance: by how many percent the last thread
 * was done later than the mean of all. */
static int compute(const struct version *version, int threads, double *imbalance)
{
    int team = 0;
    double sum = 0, last = 0;
    const double begin = omp_get_wtime();

    omp_set_schedule(version->schedule, version->chunk); /* what schedule(runtime) stands for */
#pragma omp parallel num_threads(threads) reduction(+ : team, sum) reduction(max : last)
    {
#pragma omp for schedule(runtime) nowait
        for (size_t r = 0; r < n; r++)
            version->compute_row(n, r, (uint32_t)iterations, counts + r * n);
        team = 1;
        sum = last = omp_get_wtime() - begin; /* nowait: the others may still work */
    }
    *imbalance = sum > 0 ? 100 * (last * team / sum - 1) : 0;
    return team;
}

/* Print a row. Right is what has the first row's picture; its hash is what `expected` is and what
 * is returned. (Counts in the wrong places have the same sum.) */
static uint64_t measure(struct table *table, const struct version *version, int threads,
                        uint64_t expected)
{
    double imbalance;

    memset(counts, 0, n * n * sizeof *counts); /* what is left out cannot pass with old counts */
    const struct took start = start_clock();
    const int team = compute(version, version->parallel ? threads : 1, &imbalance);
    const struct took took = since(start);
    uint64_t sum = 0, hash = 1;
    for (size_t i = 0; i < n * n; i++) {
        sum += counts[i];
        hash = hash * 0x9e3779b97f4a7c15 + counts[i];
    }
    expected = expected ? expected : hash;
    row(table, version->name, (uint64_t)team, sum, hash == expected, took, "%10.0f%%\n", imbalance);
    return expected;
}

int main(int argc, char **argv)
{
    uint64_t threads = 2, expected = 0;
    const struct opt options[] = {{'n', &n, 1, 100000, "rows, and pixels in a row"},
                                  {'i', &iterations, 1, UINT32_MAX, "most steps a pixel"},
                                  {'t', &threads, 1, MAX_THREADS, "threads"},
                                  {0}};

    read_options(argc, argv, NULL, options);
    counts = memory(n * n * sizeof *counts);
    printf("%" PRIu64 " x %" PRIu64 " pixels of the Mandelbrot set\n", n, n);
    struct table table = header("%11s\n", "imbalance");
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        expected = measure(&table, &versions[i], (int)threads, expected);
    free(counts);
    return verdict(&table);
}
