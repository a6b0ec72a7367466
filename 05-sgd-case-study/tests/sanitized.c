/* What ThreadSanitizer looks at: an epoch of local SGD with one of the rungs, or a wrong one. */
#include "../rungs/rung.h"
#include <stdlib.h>

enum { BLOCKS = 6, THREADS = 3 };
rung serial, batched, prefetched, bfloat16;
void train_epoch(rung *train, const void *rows, const float *labels, const int64_t *order,
                 size_t blocks, float step, float shrink, int threads, struct worker *workers);
static struct worker workers[THREADS], shared;
static float rows[BLOCKS * BLOCK * FEATURES], labels[BLOCKS * BLOCK]; /* zeros */

/* Wrong: all threads train the same weights. */
static void all_on_one(const void *rows, const float *labels, const int64_t *order, size_t blocks,
                       float step, float shrink, struct worker *restrict worker)
{
    (void)worker;
    serial(rows, labels, order, blocks, step, shrink, &shared);
}

int main(int argc, char **argv)
{
    rung *const rungs[] = {serial, batched, prefetched, bfloat16, all_on_one};
    const int64_t order[BLOCKS] = {5, 4, 3, 2, 1, 0};

    train_epoch(rungs[argc > 1 ? atoi(argv[1]) : 0], rows, labels, order, BLOCKS, 0.01f, 1, THREADS,
                workers);
}
