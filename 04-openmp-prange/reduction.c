/* Many numbers in, few out: five ways for threads to fill one histogram.
 *
 *     cc -O3 -march=native -fopenmp reduction.c -o reduction && ./reduction
 *
 *     racy        all threads add to the same bins: what two add at one moment is lost
 *     atomic      ... by an addition that cannot be cut in two
 *     reduction   OpenMP gives each thread bins of its own, and adds them up at the end
 *     by-hand     the same, written out
 */
#include "../tools/bench.h"
#include "../tools/memory.h"
#include <omp.h>

enum { BINS = 256, ENOUGH = 256 * MAX_THREADS }; /* values, so that threads meet in each bin */

static size_t n;
static uint32_t *values;

static void serial(uint64_t bins[], int threads)
{
    (void)threads;
    for (size_t i = 0; i < n; i++)
        bins[values[i] >> 16]++;
}

/* bin++ in two steps, as the processor takes it; not atomic, it would be undefined behaviour in C.
 * The thread of the first value writes its 1 only after another thread has counted in the same bin,
 * as if it had read the bin before: so something is lost each time, on one core too. */
static void racy(uint64_t bins[], int threads)
{
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++) {
        uint64_t *bin = &bins[values[i] >> 16], count;
        const int waits = i == 0 && omp_get_num_threads() > 1 && n >= ENOUGH;
        do {
#pragma omp atomic read
            count = *bin;
        } while (waits && count == 0 && (usleep(100), 1));
#pragma omp atomic write
        *bin = waits ? 1 : count + 1;
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
    values = memory(n * sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = (uint32_t)(i * i) * 2654435769U >> 8; /* 24 bits that look random */
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
