/* A sum of floats depends on its order, and so on the number of threads, unless one is careful.
 *
 *     cc -O3 -march=native -fopenmp float_sum.c -o float_sum -lm && ./float_sum
 *
 *     serial       one thread, one number after the other
 *     reduction    each thread adds up its part: other threads, other parts, other roundings
 *     blocks       each thread adds up blocks of a fixed size, and then one thread adds these sums
 */
#include "../tools/bench.h"
#include "values.h"
#include <math.h>

enum { BLOCK = 4096, MOST = 4 };

static size_t n;
static uint32_t *values;

static float value_of(size_t i)
{
    return (float)values[i] * 0x1p-24f; /* 0 to 1 */
}

static float serial(int threads)
{
    float sum = 0;

    (void)threads;
    for (size_t i = 0; i < n; i++)
        sum += value_of(i);
    return sum;
}

static float reduction(int threads)
{
    float sum = 0;

#pragma omp parallel for reduction(+ : sum) schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++)
        sum += value_of(i);
    return sum;
}

/* Who adds up which block makes no difference. */
static float blocks(int threads)
{
    const size_t count = (n + BLOCK - 1) / BLOCK;
    float *const sums = memory(count * sizeof *sums), sum = 0;

#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t b = 0; b < count; b++) {
        const size_t end = b + 1 < count ? (b + 1) * BLOCK : n;
        float of_block = 0;
#pragma omp simd reduction(+ : of_block) /* another order, but for all threads the same */
        for (size_t i = b * BLOCK; i < end; i++)
            of_block += value_of(i);
        sums[b] = of_block;
    }
    for (size_t b = 0; b < count; b++)
        sum += sums[b];
    free(sums);
    return sum;
}

static const struct version {
    const char *name;
    float (*add)(int threads);
} versions[] = {{"serial", serial}, {"reduction", reduction}, {"blocks", blocks}};

static double exact(void)
{
    double sum = 0; /* exactly: 20 million values of 24 bits fit in its 53 */

    for (size_t i = 0; i < n; i++)
        sum += value_of(i);
    return sum;
}

static void measure(struct table *table, const struct version *version, int threads, double right)
{
    char text[32];

    const struct took start = start_clock();
    const float sum = version->add(threads);
    const struct took took = since(start);
    snprintf(text, sizeof text, "%.2f", (double)sum);
    row_of_text(table, version->name, (uint64_t)threads, text, fabs(sum - right) <= 1e-3 * right,
                took, " %8.3f\n", took.wall / (double)n * 1e9);
}

/* The sums on 1 to 4 threads. Those of blocks must be the same to the last bit. */
static void print_sums(double right)
{
    int same = 1;

    printf("\n%-16s", "on threads");
    for (int threads = 1; threads <= MOST; threads++)
        printf("%12d", threads);
    for (int v = 1; v < 3; v++) {
        printf("\n%-16s", versions[v].name);
        const float first = versions[v].add(1);
        for (int threads = 1; threads <= MOST; threads++) {
            const float sum = versions[v].add(threads);
            same &= sum == first || versions[v].add == reduction;
            printf("%12.2f", (double)sum);
        }
    }
    printf("\n%-16s%12.2f\n", "exact", right);
    if (!same)
        errx(1, "wrong answer: blocks");
}

int main(int argc, char **argv)
{
    uint64_t size = 20000000, t = 2;
    const struct opt options[] = {
        {'n', &size, 1, 20000000, "values"}, {'t', &t, 1, MAX_THREADS, "threads"}, {0}};

    read_options(argc, argv, NULL, options);
    n = size;
    values = make_values(n);
    const double right = exact();
    printf("the sum of %" PRIu64 " floats; the last digits depend on the order\n", size);
    struct table table = header("%9s\n", "ns/value");
    for (int v = 0; v < 3; v++)
        measure(&table, &versions[v], v ? (int)t : 1, right);
    print_sums(right);
    free(values);
    return verdict(&table);
}
