/* What the sanitizers look at: an epoch of local SGD on made-up rows, with a rung or a wrong one.
 */
#include "../rungs/rung.h"
#include <stdio.h>
#include <stdlib.h>

enum { BLOCKS = 6, THREADS = 3 };
rung serial, batched, prefetched;
void train_epoch(rung *train, const void *rows, const float *labels, const int64_t *order,
                 size_t blocks, float step, float shrink, int threads, struct worker *workers);
static struct worker workers[THREADS], shared;

/* Wrong: all threads train the same weights. */
static void all_on_one(const void *rows, const float *labels, const int64_t *order, size_t blocks,
                       float step, float shrink, struct worker *restrict worker)
{
    (void)worker;
    serial(rows, labels, order, blocks, step, shrink, &shared);
}

int main(int argc, char **argv)
{
    rung *const rungs[] = {serial, batched, prefetched, all_on_one};
    const int which = argc > 1 ? atoi(argv[1]) : 0, blocks_too_few = argc > 2;
    const size_t n = (size_t)(BLOCKS - blocks_too_few) * BLOCK;
    float (*rows)[FEATURES] = malloc(n * sizeof *rows),
          *labels = malloc(BLOCKS * BLOCK * sizeof *labels);
    int64_t order[BLOCKS];

    if (!rows || !labels)
        return 2;
    for (size_t i = 0; i < n * FEATURES; i++)
        rows[i / FEATURES][i % FEATURES] = (float)(i % 7) - 3;
    for (size_t i = 0; i < BLOCKS * BLOCK; i++)
        labels[i] = i % 3 ? 1 : -1;
    for (int k = 0; k < BLOCKS; k++)
        order[k] = BLOCKS - 1 - k;
    train_epoch(rungs[which], rows, labels, order, BLOCKS, 0.01f, 1, THREADS, workers);
    printf("%g\n", (double)workers[0].weights[0]);
    free(rows);
    free(labels);
    return 0;
}
