/* A step of SGD on a batch of rows, for any number of features: train_block() of the chapter's
 * kernels.c, where the number of features is known when it is compiled. Same sums, same order.
 */
#include "vector.h"

#include <stddef.h>

enum { BATCH = 32, ROWS = 4 };

/* Rows and weights of NumPy's begin where they like. */
typedef float loose __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));

INLINE vector margins(const loose *w, const float *rows, size_t parts)
{
    vector level[8];
    int last = 0;

#pragma GCC unroll 16
    for (int b = 0; b < WIDTH; b++) {
        const loose *row = (const loose *)(rows + (size_t)b * parts * WIDTH);
        vector products = w[0] * row[0];
        for (size_t v = 1; v < parts; v++)
            products += w[v] * row[v];
        last = carry(level, b, products);
    }
    return level[last];
}

INLINE void step_on(const float *rows, const float *labels, const float *importance,
                    const float *next, size_t parts, float step, float shrink, float *weights,
                    float *sum, float *intercept)
{
    loose *w = (loose *)weights, *s = (loose *)sum;
    _Alignas(vector) float factor[BATCH];

#pragma GCC unroll 1
    for (int b = 0; b < BATCH; b += WIDTH)
        *(vector *)&factor[b] = margins(w, rows + (size_t)b * parts * WIDTH, parts) + *intercept;
#pragma omp simd
    for (int b = 0; b < BATCH; b++)
        factor[b] = step * labels[b] / (1 + vector_exp(labels[b] * factor[b]));
    for (int b = 0; importance && b < BATCH; b++)
        factor[b] *= importance[b];
    for (int b = 0; b < BATCH; b++)
        *intercept += factor[b];
    for (size_t v = 0; v < parts; v++) {
        vector updated = w[v];
        for (size_t b = 0; b < BATCH; b += ROWS) {
            vector change = factor[b] * ((const loose *)(rows + b * parts * WIDTH))[v];
            for (size_t c = b + 1; c < b + ROWS; c++)
                change += factor[c] * ((const loose *)(rows + c * parts * WIDTH))[v];
            updated += change;
            for (size_t at = 0; next && at < ROWS * WIDTH; at += CACHE_LINE / sizeof *next)
                __builtin_prefetch(next + (v * BATCH + b) * WIDTH + at, READ, L2);
        }
        s[v] += w[v] = updated * shrink;
    }
}

/* rows: BATCH of them, parts * WIDTH floats each. labels: +1, -1, or 0 for a row that is to make no
 * step. importance: of the rows, or NULL. next: the rows to fetch meanwhile, or NULL. weights, sum:
 * parts * WIDTH floats; the weights shrink, the intercept does not. */
static void step_on_batch(const float *rows, const float *labels, const float *importance,
                          const float *next, size_t parts, float step, float shrink, float *weights,
                          float *sum, float *intercept)
{
    if (parts == 32 / WIDTH) /* as many as the chapter's flights have */
        step_on(rows, labels, importance, next, 32 / WIDTH, step, shrink, weights, sum, intercept);
    else
        step_on(rows, labels, importance, next, parts, step, shrink, weights, sum, intercept);
}
