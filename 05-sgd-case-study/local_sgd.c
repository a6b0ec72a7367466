/* Local SGD (McDonald et al. 2010; Stich 2019): every thread trains weights of its own on its
 * part of the blocks, and at the end of the epoch they are averaged. Nothing is shared in
 * between, so there is nothing to lock and nothing to lose, and the answer is the same to the
 * last bit in every run. Compiled together with sgd.c, see there.
 */
#include "../tools/bench.h"

#include "local_sgd.h"
#include <math.h>

static struct shard shards[MAX_WORKERS];

/* The largest power of two that is not larger than n; 0 of 0. */
static size_t power_of_two(size_t n)
{
    while (n & (n - 1))
        n &= n - 1; /* without its lowest bit */
    return n;
}

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

size_t windows(const struct training *run)
{
    return (run->blocks + run->window - 1) / run->window;
}

static void train_on_block(const struct training *run, size_t block, size_t next,
                           struct shard *shard)
{
    const size_t bytes = BLOCK * run->row_bytes;

    run->train(run->rows + block * bytes, run->labels + block * BLOCK, run->rows + next * bytes,
               run->step, run->shrink, shard);
    shard->summed += BLOCK / BATCH;
}

/* One thread's part of an epoch. */
static void visit(const struct training *run, struct shard *shard)
{
    for (size_t k = shard->low; k < shard->high; k++) {
        const size_t first = run->order[k] * run->window, left = run->blocks - first;
        const size_t end = first + (left < run->window ? left : run->window);
        const size_t next = k + 1 < shard->high ? run->order[k + 1] * run->window : end - 1;
        if (k == middle(shard)) {
            memset(shard->sum, 0, sizeof shard->sum);
            shard->summed = 0;
        }
        for (size_t block = first; block < end; block++)
            train_on_block(run, block, block + 1 < end ? block + 1 : next, shard);
        if (run->mapped)
            flights_forget(run->mapped, first * BLOCK, (end - first) * BLOCK);
    }
}

/* Average over the threads, always in the same order: the same bits every time. The answer is the
 * average over the second half of the epoch, and of those before it back to a power of two: of the
 * first epoch, the second, the third and fourth, the fifth to eighth ... So the beginning, which
 * was far from the optimum, is forgotten. */
static void combine(struct training *run, size_t epoch)
{
    const double before = (double)(epoch - power_of_two(epoch));
    double summed = 0;

    for (uint64_t t = 0; t < run->threads; t++)
        summed += (double)shards[t].summed;
    for (int j = 0; j < FEATURES; j++) {
        double weight = 0, sum = 0;
        for (uint64_t t = 0; t < run->threads; t++) {
            weight += shards[t].weights[j];
            sum += shards[t].sum[j];
        }
        for (uint64_t t = 0; t < run->threads; t++)
            shards[t].weights[j] = (float)(weight / (double)run->threads);
        run->answer[j] = (float)((run->answer[j] * before + sum / summed) / (before + 1));
    }
}

/* Train on the first `n` windows of a new order. The step is halved whenever each thread has seen
 * twice as many rows as there are, 4 times, 8 times (as in epoch-GD; Hazan and Kale 2014). */
static void train_epoch(struct training *run, size_t epoch, size_t n, double lambda,
                        uint64_t *state)
{
    const size_t passes = power_of_two(epoch / run->threads);

    start_clock();
    run->step = (float)(passes ? run->first_step / (double)passes : run->first_step);
    run->shrink = (float)(1 - (double)BATCH * run->step * lambda);
    for (uint64_t t = 0; t < run->threads; t++) {
        shards[t].low = cut(n, run->threads, t);
        shards[t].high = cut(n, run->threads, t + 1);
    }
    shuffle(run->order, windows(run), state);
#pragma omp parallel for num_threads(run->threads) schedule(static, 1) if (run->threads > 1)
    for (uint64_t t = 0; t < run->threads; t++)
        visit(run, &shards[t]);
    combine(run, epoch);
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
    for (size_t k = 0; k < windows(run); k++)
        run->order[k] = (uint32_t)k;
    run->wall = run->cpu = 0;
    run->visits = 0;
    for (size_t epoch = 0; run->visits < visits; epoch++) {
        if (tolerance > 0 && epoch && fabs(gap(run, flights)) <= tolerance)
            break;
        const size_t left = visits - run->visits, n = left < windows(run) ? left : windows(run);
        train_epoch(run, epoch, n, flights->lambda, &state);
        run->visits += n;
    }
}
