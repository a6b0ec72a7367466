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
    for (size_t i = n; i-- > 1;) {
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

/* Average over the workers, always in the same order: the same bits every time. The answer is the
 * average over the second half of the epoch, and of those before it back to a power of two: of the
 * first epoch, the second, the third and fourth, the fifth to eighth ... So the beginning, which
 * was far from the optimum, is forgotten. */
static void combine(struct training *run)
{
    const double before = (double)(run->epoch - power_of_two(run->epoch));
    struct {
        double weights[FEATURES], sum[FEATURES], summed, workers;
    } all = {{0}, {0}, 0, 0};

    for (uint64_t t = 0; t < run->threads; t++) {
        if (shards[t].low == shards[t].high)
            continue; /* nothing was left for this one */
        all.workers++;
        for (int j = 0; j < FEATURES; j++) {
            all.weights[j] += shards[t].weights[j];
            all.sum[j] += shards[t].sum[j];
        }
        all.summed += (double)shards[t].summed;
    }
    if (run->team && run->team->add_up)
        run->team->add_up((double *)&all, sizeof all / sizeof(double));
    for (int j = 0; j < FEATURES; j++) {
        for (uint64_t t = 0; t < run->threads; t++)
            shards[t].weights[j] = (float)(all.weights[j] / all.workers);
        run->answer[j] =
            (float)((run->answer[j] * before + all.sum[j] / all.summed) / (before + 1));
    }
}

/* Which of the first `n` windows of the order are whose? A team's workers have windows of their
 * own, in an order of their own; without one, they share out an order of all windows anew. */
static void share_out(struct training *run, size_t n)
{
    const struct team alone = {0, run->threads, n, NULL}, *team = run->team ? run->team : &alone;
    const size_t start = cut(team->windows, team->workers, team->first);

    for (uint64_t t = 0; t < run->threads; t++) {
        shards[t].low = cut(team->windows, team->workers, team->first + t) - start;
        shards[t].high = cut(team->windows, team->workers, team->first + t + 1) - start;
        if (run->team)
            shuffle(run->order + shards[t].low, shards[t].high - shards[t].low, &run->state[t]);
    }
    if (!run->team)
        shuffle(run->order, windows(run), &run->state[0]);
}

/* The step is halved whenever each worker has seen twice as many rows as there are, 4 times, 8
 * times (as in epoch-GD; Hazan and Kale 2014). */
void train_epoch(struct training *run, size_t n, double lambda)
{
    const size_t workers = run->team ? run->team->workers : run->threads;
    const size_t passes = power_of_two(run->epoch / workers);

    const struct took start = start_clock();
    run->step = (float)(passes ? run->first_step / (double)passes : run->first_step);
    run->shrink = (float)(1 - (double)BATCH * run->step * lambda);
    share_out(run, n);
#pragma omp parallel for num_threads(run->threads) schedule(static, 1) if (run->threads > 1)
    for (uint64_t t = 0; t < run->threads; t++)
        visit(run, &shards[t]);
    combine(run);
    const struct took took = since(start);
    run->took.wall += took.wall;
    run->took.cpu += took.cpu;
    run->epoch++;
    run->visits += n;
}

double gap(const struct training *run, const struct flights *flights)
{
    return flights_objective(flights, run->answer) / flights->optimum - 1;
}

void begin(struct training *run)
{
    memset(shards, 0, sizeof shards);
    for (size_t k = 0; k < windows(run); k++)
        run->order[k] = (uint32_t)k;
    for (uint64_t t = 0; t < run->threads; t++)
        run->state[t] = run->seed + (run->team ? run->team->first + t : 0);
    memset(run->answer, 0, sizeof run->answer);
    run->took = (struct took){0, 0};
    run->epoch = run->visits = 0;
}

const float *weights_of_all(void)
{
    return shards[0].weights;
}

void go_on(struct training *run, size_t epochs, const float *weights, const float *answer)
{
    for (; run->epoch < epochs; run->epoch++) /* the order is shuffled again and again */
        share_out(run, windows(run));
    for (uint64_t t = 0; t < run->threads; t++)
        memcpy(shards[t].weights, weights, sizeof shards[t].weights);
    memcpy(run->answer, answer, sizeof run->answer);
}

void train(struct training *run, const struct flights *flights, size_t visits, double tolerance)
{
    begin(run);
    while (run->visits < visits) {
        if (tolerance > 0 && run->epoch && fabs(gap(run, flights)) <= tolerance)
            break;
        const size_t left = visits - run->visits;
        train_epoch(run, left < windows(run) ? left : windows(run), flights->lambda);
    }
}
