/* Steps of SGD on batches of rows, for any number of features: train_block() of the chapter's
 * kernels.c, where the number of features is known when it is compiled. Same sums, same order.
 */
#include "vector.h"

#include <stddef.h>

enum { BATCH = 32, ROWS = 4 };

/* Rows and weights of NumPy's begin where they like. */
typedef float loose __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));

INLINE const loose *row_of(const float *rows, size_t number, size_t parts)
{
    return (const loose *)(rows + number * parts * WIDTH);
}

INLINE vector margins(const loose *w, const float *rows, size_t parts)
{
    vector level[8];
    int last = 0;

#pragma GCC unroll 16
    for (int b = 0; b < WIDTH; b++) {
        const loose *row = row_of(rows, (size_t)b, parts);
        vector products = w[0] * row[0];
        for (size_t v = 1; v < parts; v++)
            products += w[v] * row[v];
        last = carry(level, b, products);
    }
    return level[last];
}

INLINE void step_on(const float *rows, const float *labels, const float *importance,
                    const float *next, size_t parts, float size, float alpha, int fit_intercept,
                    float *restrict weights, float *restrict sums)
{
    const size_t features = parts * WIDTH;
    loose *w = (loose *)weights, *sum = (loose *)sums;
    _Alignas(vector) float factor[BATCH];
    float share = 0, change_of_intercept = 0;

#pragma GCC unroll 1
    for (size_t b = 0; b < BATCH; b += WIDTH)
        *(vector *)&factor[b] = margins(w, rows + b * features, parts) + weights[features];
#pragma omp simd reduction(+ : share, change_of_intercept)
    for (int b = 0; b < BATCH; b++) {
        share += importance[b];
        factor[b] = size * importance[b] * labels[b] / (1 + vector_exp(labels[b] * factor[b]));
        change_of_intercept += factor[b];
    }
    for (size_t b = 0; b < BATCH; b += ROWS) {
        for (size_t at = 0; next && at < ROWS * features; at += CACHE_LINE / sizeof *next)
            __builtin_prefetch(next + b * features + at, READ, L2);
        for (size_t v = 0; v < parts; v++) {
            vector change = factor[b] * row_of(rows, b, parts)[v];
            for (size_t c = b + 1; c < b + ROWS; c++)
                change += factor[c] * row_of(rows, c, parts)[v];
            w[v] += change;
        }
    }
    for (size_t v = 0; v < parts; v++)
        sum[v] += w[v] /= 1 + share * size * alpha;
    if (fit_intercept)
        weights[features] += change_of_intercept;
    sums[features] += weights[features];
    sums[features + 1]++;
}

/* rows: of `batches` batches, parts * WIDTH floats each. next: the rows to fetch meanwhile, or
 * NULL. weights: as many floats, and the intercept. sums: of both after each batch, and their
 * number. */
static void step_on_batches(const float *rows, const float *labels, const float *importance,
                            const float *next, size_t batches, size_t parts, float size,
                            float alpha, int fit_intercept, float *weights, float *sums)
{
    for (size_t i = 0; i < batches * BATCH; i += BATCH) {
        const size_t at = i * parts * WIDTH, few = 32 / WIDTH; /* as the chapter's flights have */
        const float *fetch = next ? next + at : NULL;
        if (parts == few)
            step_on(rows + at, labels + i, importance + i, fetch, few, size, alpha, fit_intercept,
                    weights, sums);
        else
            step_on(rows + at, labels + i, importance + i, fetch, parts, size, alpha, fit_intercept,
                    weights, sums);
    }
}
