/* Logistic regression by SGD on the flights, in C: on one thread, and on several with OpenMP.
 *
 *     cc -O3 -march=native -fopenmp sgd.c -lm -o sgd && ./sgd
 *
 * Each row moves the weights a little. The rows are visited in blocks of 512, in an order drawn
 * anew each epoch, and the answer is the average of the weights over the second half of the epoch
 * (Polyak-Ruppert averaging; Bottou 2012, section 5). On several threads each thread trains weights
 * of its own on its part of the blocks, and they are averaged at the end of the epoch (local SGD;
 * Stich 2019). sgd.py is the same in Python.
 */
#include "../tools/bench.h"
#include "../tools/memory.h"
#include "data/flights.h"

enum { BATCH = 32 }; /* rows after which the weights shrink and are added to their sum */
enum { MAX_WORKERS = 64 };
#define STEP 0.01f
#define TOLERANCE 1e-3

/* What one thread owns, on a page of its own: nobody else writes to its cache lines. */
struct worker {
    _Alignas(4096) float weights[FEATURES];
    double sum[FEATURES]; /* of the weights, in the second half of the epoch */
    size_t summed;        /* so many */
};
static struct worker workers[MAX_WORKERS];

static void train_on(const struct flights *flights, size_t block, float shrink,
                     struct worker *worker)
{
    float *w = worker->weights;

    for (size_t i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
        const float *row = flights->rows[i], label = flights->labels[i];
        float margin = 0;
        for (int j = 0; j < FEATURES; j++)
            margin += w[j] * row[j];
        const float factor = STEP * label / (1 + expf(label * margin));
        for (int j = 0; j < FEATURES; j++)
            w[j] += factor * row[j];
        if (i % BATCH == BATCH - 1) {
            for (int j = 0; j < FEATURES; j++)
                worker->sum[j] += (double)(w[j] *= shrink);
            worker->summed++;
        }
    }
}

static void visit(const struct flights *flights, const uint32_t *order, size_t blocks, float shrink,
                  struct worker *worker)
{
    for (size_t k = 0; k < blocks; k++) {
        if (k == 0 || k == blocks / 2) {
            memset(worker->sum, 0, sizeof worker->sum);
            worker->summed = 0;
        }
        train_on(flights, order[k], shrink, worker);
    }
}

/* Fisher-Yates with Knuth's MMIX generator, so short that Python can draw the same order. */
static void shuffle(uint32_t *order, size_t n, uint64_t *state)
{
    for (size_t i = n; i-- > 1;) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        const size_t j = (size_t)(*state >> 33) % (i + 1);
        const uint32_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}

/* Average over the workers, always in the same order: the same bits every time. */
static void average(size_t threads, float *answer)
{
    for (int j = 0; j < FEATURES; j++) {
        double weight = 0, sum = 0, summed = 0;
        for (size_t t = 0; t < threads; t++) {
            weight += (double)workers[t].weights[j];
            sum += workers[t].sum[j];
            summed += (double)workers[t].summed;
        }
        for (size_t t = 0; t < threads; t++)
            workers[t].weights[j] = (float)(weight / (double)threads);
        answer[j] = (float)(sum / summed);
    }
}

static void train_epoch(const struct flights *flights, const uint32_t *order, size_t threads,
                        float *answer)
{
    const size_t blocks = flights->train / BLOCK;
    const float shrink = 1 - BATCH * STEP * (float)flights->lambda;

#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (size_t t = 0; t < threads; t++) {
        const size_t low = cut(blocks, threads, t), high = cut(blocks, threads, t + 1);
        visit(flights, order + low, high - low, shrink, &workers[t]);
    }
    average(threads, answer);
}

/* Train until within 0.1% of the optimum, and print a row; what the gap takes is not counted. */
static void train(struct table *table, const char *version, const struct flights *flights,
                  uint64_t threads, uint64_t epochs, uint64_t state)
{
    const size_t blocks = flights->train / BLOCK;
    uint32_t *order = memory(blocks * sizeof *order);
    struct took took = {0, 0};
    float answer[FEATURES];
    double gap = 1;
    uint64_t epoch = 0;

    memset(workers, 0, sizeof workers);
    for (size_t k = 0; k < blocks; k++)
        order[k] = (uint32_t)k;
    for (; epoch < epochs && !(fabs(gap) <= TOLERANCE); epoch++) {
        const struct took start = start_clock();
        shuffle(order, blocks, &state);
        train_epoch(flights, order, threads, answer);
        const struct took one = since(start);
        took = (struct took){took.wall + one.wall, took.cpu + one.cpu};
        gap = objective(flights, answer) / flights->optimum - 1;
    }
    char reached[24];
    snprintf(reached, sizeof reached, "%.6f", (1 + gap) * flights->optimum);
    row_of_text(table, version, threads, reached, fabs(gap) <= TOLERANCE, took,
                "%8" PRIu64 "%8.4f%%\n", epoch, 100 * gap);
    free(order);
}

int main(int argc, char **argv)
{
    uint64_t threads = 2, epochs = 20, seed = 1;
    const struct opt options[] = {{'t', &threads, 1, MAX_WORKERS, "threads"},
                                  {'e', &epochs, 1, 1000, "most epochs"},
                                  {'s', &seed, 0, UINT32_MAX, "seed"},
                                  {0}};
    const int at = read_options(argc, argv, " [build/flights.bin]", options);

    if (at + 1 < argc)
        errx(2, "'%s' is one file too many; see --help", argv[at + 1]);
    const struct flights flights = map_flights(at < argc ? argv[at] : "build/flights.bin");
    printf("SGD on %zu rows until the objective is within 0.1%% of %.6f\n", flights.train,
           flights.optimum);
    struct table table = header("%8s%9s\n", "epochs", "gap");
    train(&table, "serial", &flights, 1, epochs, seed);
    train(&table, "threads", &flights, threads, epochs, seed);
    return verdict(&table);
}
