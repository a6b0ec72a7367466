/* A sum of floats depends on its order, and so on the number of threads, unless one is careful.
 *
 *     cc -O3 -march=native -fopenmp float_sum.c -o float_sum -lm && ./float_sum
 *
 *     reduction    each thread adds up its part: with more threads, other parts, other roundings
 *     blocks       each thread adds up blocks of a fixed size, and then one thread adds these sums
 */
#include "../tools/bench.h"
#include "../tools/memory.h"
#include <math.h>

#ifndef BLOCK
#define BLOCK 4096
#endif

static size_t n;
static float *values; /* 0 to 1 */

static float reduction(int threads)
{
    float sum = 0;

#pragma omp parallel for reduction(+ : sum) schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum;
}

/* Which thread adds up which block makes no difference. */
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
            of_block += values[i];
        sums[b] = of_block;
    }
    for (size_t b = 0; b < count; b++)
        sum += sums[b];
    free(sums);
    return sum;
}

/* Print a row. Right is what is near the exact sum and, of blocks, the same on all threads. */
static void measure(struct table *table, const char *name, float (*add)(int), int threads,
                    double exact)
{
    static float first;
    char text[32];

    const struct took start = start_clock();
    const float sum = add(threads);
    const struct took took = since(start);
    if (threads == 1)
        first = sum;
    const int right = fabs(sum - exact) <= 1e-3 * exact && (sum == first || add == reduction);
    snprintf(text, sizeof text, "%.2f", (double)sum);
    row_of_text(table, name, (uint64_t)threads, text, right, took, " %8.3f\n",
                took.wall / (double)n * 1e9);
}

int main(int argc, char **argv)
{
    uint64_t size = 20000000, t = 2;
    double exact = 0; /* exactly: 20 million values of 24 bits fit in its 53 */
    const struct opt options[] = {
        {'n', &size, 1, 20000000, "values"}, {'t', &t, 1, MAX_THREADS, "threads"}, {0}};

    read_options(argc, argv, NULL, options);
    n = size;
    values = memory(n * sizeof *values);
    for (size_t i = 0; i < n; i++) /* those of reduction.c */
        exact += values[i] = (float)((uint32_t)(i * i) * 2654435769U >> 8) * 0x1p-24f;
    printf("the sum of %" PRIu64 " floats is %.2f\n", size, exact);
    struct table table = header("%9s\n", "ns/value");
    const int teams[] = {1, (int)t, (int)t + 1};
    for (int i = 0; i < 3; i++)
        measure(&table, "reduction", reduction, teams[i], exact);
    for (int i = 0; i < 3; i++)
        measure(&table, "blocks", blocks, teams[i], exact);
    free(values);
    return verdict(&table);
}
