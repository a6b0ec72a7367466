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

/* One thread's part of an epoch. */
static void visit(const struct training *run, const struct flights *flights, struct shard *shard)
{
    float shrink = (float)(1 - (double)BATCH * (double)STEP * flights->lambda);

    for (size_t k = shard->low; k < shard->high; k++) {
        size_t row = (size_t)run->order[k] * BLOCK;
        if (k == middle(shard))
            memset(shard->sum, 0, sizeof shard->sum);
        run->train(flights->rows + row * FEATURES, flights->labels + row, STEP, shrink, shard);
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

static void train_epoch(struct training *run, const struct flights *flights, uint64_t *state)
{
    start_clock();
    shuffle(run->order, run->blocks, state);
#pragma omp parallel for num_threads(run->threads) schedule(static, 1) if (run->threads > 1)
    for (uint64_t t = 0; t < run->threads; t++)
        visit(run, flights, &shards[t]);
    combine(run);
    stop_clock();
    run->wall += wall;
    run->cpu += cpu;
}

/* How far the answer is above the optimum, as a share of it. */
static double gap(const struct training *run, const struct flights *flights)
{
    return flights_objective(flights, run->answer) / flights->optimum - 1;
}

void train(struct training *run, const struct flights *flights, uint64_t epochs, double tolerance)
{
    uint64_t state = run->seed;

    memset(shards, 0, sizeof shards);
    for (uint64_t t = 0; t < run->threads; t++) {
        shards[t].low = cut(run->blocks, run->threads, t);
        shards[t].high = cut(run->blocks, run->threads, t + 1);
    }
    for (size_t k = 0; k < run->blocks; k++)
        run->order[k] = (uint32_t)k;
    run->wall = run->cpu = 0;
    for (run->epochs = 0; run->epochs < epochs; run->epochs++) {
        if (tolerance > 0 && run->epochs && fabs(gap(run, flights)) <= tolerance)
            break;
        train_epoch(run, flights, &state);
    }
}
