/* Many numbers in, few out: five ways for threads to fill one histogram.
 *
 *     cc -O3 -march=native -fopenmp reduction.c -o reduction && ./reduction
 *
 *     serial      one thread
 *     racy        all threads add to the same bins: what two add at one moment is lost
 *     atomic      ... by an addition that cannot be cut in two
 *     reduction   OpenMP gives each thread bins of its own, and adds them up at the end
 *     by-hand     the same, written out
 */
#include "../tools/bench.h"
#include "values.h"
#include <omp.h>

enum { BINS = 256, ENOUGH = 65536 }; /* values, so that each thread meets every bin */

static size_t n;
static uint32_t *values;

static void serial(uint64_t bins[], int threads)
{
    (void)threads;
    for (size_t i = 0; i < n; i++)
        bins[values[i] >> 16]++;
}

/* Wait until another thread has changed a bin that was 0, five seconds at most. */
static void wait_for_change(const uint64_t *bin)
{
    uint64_t count = 0;

    for (int naps = 0; count == 0 && naps < 50000; naps++) {
#pragma omp atomic read
        count = *bin;
        usleep(count == 0 ? 100 : 0);
    }
}

/* bin++ in two steps, as the processor takes it. (A bin that is no atomic would be undefined
 * behaviour in C.) The first addition reads 0 before all others and writes 1 after one of them, so
 * that something is lost each time, on one core too. */
static void racy(uint64_t bins[], int threads)
{
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++) {
        uint64_t *bin = &bins[values[i] >> 16], count = 0;
        if (i == 0 && omp_get_num_threads() > 1 && n >= ENOUGH) {
            wait_for_change(bin);
        } else {
#pragma omp atomic read
            count = *bin;
        }
#pragma omp atomic write
        *bin = count + 1;
    }
}

static void atomic(uint64_t bins[], int threads)
{
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++)
#pragma omp atomic
        bins[values[i] >> 16]++;
}

static void reduction(uint64_t bins[], int threads)
{
#pragma omp parallel for reduction(+ : bins[ : BINS]) schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++)
        bins[values[i] >> 16]++;
}

static void by_hand(uint64_t bins[], int threads)
{
#pragma omp parallel num_threads(threads)
    {
        uint64_t own[BINS] = {0};
#pragma omp for schedule(static) nowait
        for (size_t i = 0; i < n; i++)
            own[values[i] >> 16]++;
#pragma omp critical /* once a thread, and not once a value */
        for (int b = 0; b < BINS; b++)
            bins[b] += own[b];
    }
}

static void measure(struct table *table, const char *name,
                    void (*add)(uint64_t bins[], int threads), int threads)
{
    static uint64_t expected[BINS];
    uint64_t bins[BINS] = {0}, counted = 0;

    const struct took start = start_clock();
    add(bins, threads);
    const struct took took = since(start);
    if (add == serial)
        memcpy(expected, bins, sizeof bins);
    for (int b = 0; b < BINS; b++)
        counted += bins[b];
    const int right = memcmp(bins, expected, sizeof bins) == 0 || add == racy;
    row(table, name, (uint64_t)threads, counted, right, took, " %8zu %8.2f\n",
        (size_t)(n - counted), took.wall / (double)n * 1e9);
}

int main(int argc, char **argv)
{
    uint64_t size = 40000000, t = 2;
    const struct opt options[] = {
        {'n', &size, 1, 500000000, "values"}, {'t', &t, 1, MAX_THREADS, "threads"}, {0}};

    read_options(argc, argv, NULL, options);
    n = size;
    values = make_values(n);
    printf("a histogram of %" PRIu64 " values; racy is wrong on purpose\n", size);
    struct table table = header("%9s%9s\n", "lost", "ns/value");
    measure(&table, "serial", serial, 1);
    measure(&table, "racy", racy, (int)t);
    measure(&table, "atomic", atomic, (int)t);
    measure(&table, "reduction", reduction, (int)t);
    measure(&table, "by-hand", by_hand, (int)t);
    free(values);
    return verdict(&table);
}
