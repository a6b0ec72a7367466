/* Local SGD (McDonald et al. 2010; Stich 2019): every thread trains weights of its own on its
 * part of the blocks, and at the end of the epoch they are averaged. Nothing is shared in
 * between, so there is nothing to lock and nothing to lose, and the answer is the same to the
 * last bit in every run. Compiled together with sgd.c, see there.
 */
#include "../tools/bench.h"

#include "local_sgd.h"
#include <math.h>

static const float STEP = 0.01f;

static struct shard shards[MAX_WORKERS];

/* Fisher-Yates with Knuth's MMIX generator: so short that Python can draw the same order. */
static void shuffle(uint32_t *order, size_t n, uint64_t *state)
{
    for (size_t i = n - 1; i > 0; i--) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        size_t j = (size_t)(*state >> 33) % (i + 1);
        uint32_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}

static size_t middle(const struct shard *shard)
{
    return shard->low + (shard->high - shard->low) / 2;
}

static const char *block_of(const struct training *run, size_t k)
{
    return run->rows + (size_t)run->order[k] * BLOCK * run->row_bytes;
}

/* One thread's part of an epoch. */
static void visit(const struct training *run, double lambda, struct shard *shard)
{
    const float shrink = (float)(1 - (double)BATCH * (double)STEP * lambda);

    for (size_t k = shard->low; k < shard->high; k++) {
        const size_t next = k + 1 < shard->high ? k + 1 : k;
        if (k == middle(shard))
            memset(shard->sum, 0, sizeof shard->sum);
        run->train(block_of(run, k), run->labels + (size_t)run->order[k] * BLOCK,
                   block_of(run, next), STEP, shrink, shard);
    }
}

/* Average over the threads, always in the same order: the same bits every time. */
static void combine(struct training *run)
{
    double summed = 0;

    for (uint64_t t = 0; t < run->threads; t++)
        summed += (double)(shards[t].high - middle(&shards[t])) * (BLOCK / BATCH);
    for (int j = 0; j < FEATURES; j++) {
        double weight = 0, sum = 0;
        for (uint64_t t = 0; t < run->threads; t++) {
            weight += shards[t].weights[j];
            sum += shards[t].sum[j];
        }
        for (uint64_t t = 0; t < run->threads; t++)
            shards[t].weights[j] = (float)(weight / (double)run->threads);
        run->answer[j] = (float)(sum / summed);
    }
}

/* Train on the first so many blocks of a new order. */
static void train_epoch(struct training *run, size_t blocks, double lambda, uint64_t *state)
{
    start_clock();
    for (uint64_t t = 0; t < run->threads; t++) {
        shards[t].low = cut(blocks, run->threads, t);
        shards[t].high = cut(blocks, run->threads, t + 1);
    }
    shuffle(run->order, run->blocks, state);
#pragma omp parallel for num_threads(run->threads) schedule(static, 1) if (run->threads > 1)
    for (uint64_t t = 0; t < run->threads; t++)
        visit(run, lambda, &shards[t]);
    combine(run);
    stop_clock();
    run->wall += wall;
    run->cpu += cpu;
}

double gap(const struct training *run, const struct flights *flights)
{
    return flights_objective(flights, run->answer) / flights->optimum - 1;
}

void train(struct training *run, const struct flights *flights, size_t visits, double tolerance)
{
    uint64_t state = run->seed;

    memset(shards, 0, sizeof shards);
    for (size_t k = 0; k < run->blocks; k++)
        run->order[k] = (uint32_t)k;
    run->wall = run->cpu = 0;
    for (run->visits = 0; run->visits < visits;) {
        if (tolerance > 0 && run->visits && fabs(gap(run, flights)) <= tolerance)
            break;
        const size_t left = visits - run->visits, blocks = left < run->blocks ? left : run->blocks;
        train_epoch(run, blocks, flights->lambda, &state);
        run->visits += blocks;
    }
}
