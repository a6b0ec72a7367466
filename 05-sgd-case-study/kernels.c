/* One row at a time, or a batch of rows at a time: the same arithmetic, in an order that the
 * processor can overlap. Compiled together with sgd.c, see there.
 */
#include "kernels.h"
#include "vector.h"

/* Each row must wait for the weights that the row before it left: margin, exp, update, margin ...
 * The processor spends most of the time waiting for its own results. */
void train_rows(const void *rows, const float *labels, const void *next, float step, float shrink,
                struct shard *restrict shard)
{
    float *restrict w = shard->weights;
    const float *row = rows;

    (void)next;
    for (int i = 0; i < BLOCK; i++, row += FEATURES) {
        float margin = 0;
        for (int j = 0; j < FEATURES; j++)
            margin += w[j] * row[j];
        float factor = step * labels[i] / (1 + expf(labels[i] * margin));
        for (int j = 0; j < FEATURES; j++)
            w[j] += factor * row[j];
        if (i % BATCH == BATCH - 1)
            for (int j = 0; j < FEATURES; j++)
                shard->sum[j] += w[j] *= shrink;
    }
}

enum { PARTS = FEATURES / WIDTH }; /* vectors in a row, or in the weights */
enum { ROWS = 4 };                 /* added up before the weights are touched */

/* Part v of a row. A feature has 4 bytes, a float, or 2, a bfloat16: the upper half of a float.
 * Then each word holds a feature of the first half and one of the second; see storage.c. */
INLINE vector part(const char *rows, int number, int v, int bytes)
{
    const char *row = rows + number * FEATURES * bytes;
    const words *packed = (const words *)row;

    if (bytes == 4)
        return ((const vector *)row)[v];
    return v < PARTS / 2 ? (vector)(packed[v] & 0xffff0000) : (vector)(packed[v - PARTS / 2] << 16);
}

/* The margins of WIDTH rows. A sum across a register takes several steps, and most of its lanes
 * idle; here two rows share each step. Of the products a, b, c, d of four rows:
 *
 *     a0+a1 a2+a3 b0+b1 b2+b3    and so for c, d: two rows in a register
 *     a0+..+a3 b0+..+b3 c0+..+c3 d0+..+d3
 *
 * What waits for its partner is in `level`, see carry(). */
INLINE vector margins(const vector w[PARTS], const char *rows, int bytes)
{
    vector level[8];
    int last = 0;

#pragma GCC unroll 16 /* all of it, so that the levels are registers */
    for (int b = 0; b < WIDTH; b++) {
        vector products = w[0] * part(rows, b, 0, bytes);
        for (int v = 1; v < PARTS; v++)
            products += w[v] * part(rows, b, v, bytes);
        last = carry(level, b, products);
    }
    return level[last];
}

/* A batch sees the weights of its beginning, so its margins do not wait for each other, and its
 * exponentials share vector registers. The second pass over its rows finds them in the cache: that
 * is when memory has time to bring the next block. */
INLINE void train_block(const char *rows, const float *labels, const char *next, float step,
                        float shrink, struct shard *restrict shard, int bytes)
{
    vector *w = (vector *)shard->weights, *sum = (vector *)shard->sum, updated[PARTS];
    _Alignas(vector) float factor[BATCH];

    for (int i = 0; i < BLOCK; i += BATCH, rows += BATCH * FEATURES * bytes) {
#pragma GCC unroll 1
        for (int b = 0; b < BATCH; b += WIDTH)
            *(vector *)&factor[b] = margins(w, rows + b * FEATURES * bytes, bytes);
#pragma omp simd
        for (int b = 0; b < BATCH; b++)
            factor[b] = step * labels[i + b] / (1 + vector_exp(labels[i + b] * factor[b]));
        memcpy(updated, w, sizeof updated);
        for (int b = 0; b < BATCH; b += ROWS) {
            for (int at = 0; next && at < ROWS * FEATURES * bytes; at += CACHE_LINE)
                __builtin_prefetch(next + (i + b) * FEATURES * bytes + at, READ, L2);
            for (int v = 0; v < PARTS; v++) {
                vector change = factor[b] * part(rows, b, v, bytes);
                for (int c = b + 1; c < b + ROWS; c++)
                    change += factor[c] * part(rows, c, v, bytes);
                updated[v] += change;
            }
        }
        for (int v = 0; v < PARTS; v++)
            sum[v] += w[v] = updated[v] * shrink;
    }
}

void train_batches(const void *rows, const float *labels, const void *next, float step,
                   float shrink, struct shard *restrict shard)
{
    (void)next;
    train_block(rows, labels, NULL, step, shrink, shard, 4);
}

void train_prefetched(const void *rows, const float *labels, const void *next, float step,
                      float shrink, struct shard *restrict shard)
{
    train_block(rows, labels, next, step, shrink, shard, 4);
}

void train_bfloat16(const void *rows, const float *labels, const void *next, float step,
                    float shrink, struct shard *restrict shard)
{
    train_block(rows, labels, next, step, shrink, shard, 2);
}
