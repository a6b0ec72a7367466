/* Logistic regression by SGD on the flights: row by row, in batches, on all cores, in half the
 * bytes.
 *
 *     cc -O3 -march=native -fassociative-math -fno-signed-zeros -fno-trapping-math \
 *         -fno-math-errno -fopenmp sgd.c local_sgd.c kernels.c storage.c flights.c judge.c \
 *         -lm -o sgd && ./sgd
 *
 * (The four -f flags let the compiler reorder sums; -ffast-math as a whole would also let it
 * assume that there are no NaNs, and the checks of flights.c look for them.) All versions visit
 * blocks of 512 rows in an order drawn anew each epoch, and answer with the average of the weights
 * over the second half of the epoch (Polyak-Ruppert averaging; Bottou 2012, section 5). Training
 * ends with the epoch that brings the objective within 0.1% of the optimum.
 */
#include "../tools/bench.h"

#include "../tools/memory.h"
#include "report.h"

enum { MAX_RUNS = 99, MIN_ROWS = 256 * BLOCK }; /* fewer rows have another optimum */

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Train once with evaluation, then as often as fits in 0.3 s without: leave the median in
 * run->took, with its part of the CPU seconds. Returns 0 if the answers differ in any
 * bit. */
static int repeat(struct training *run, const struct flights *flights, uint64_t epochs)
{
    double walls[MAX_RUNS], sum = 0, cpu_sum = 0;
    float first[FEATURES];
    int runs = 0, same = 1;

    train(run, flights, epochs * run->blocks, TOLERANCE);
    memcpy(first, run->answer, sizeof first);
    while (runs < MAX_RUNS && (runs < 3 || sum < 0.3)) {
        train(run, flights, run->visits, 0);
        same &= memcmp(first, run->answer, sizeof first) == 0;
        sum += walls[runs++] = run->took.wall;
        cpu_sum += run->took.cpu;
    }
    qsort(walls, (size_t)runs, sizeof *walls, by_size);
    run->took.wall = walls[runs / 2];
    run->took.cpu = run->took.wall * cpu_sum / sum;
    return same;
}

static const struct rung {
    const char *version;
    kernel *train;
    size_t row_bytes;
    int parallel;
} rungs[] = {
    {"serial", train_rows, FLOATS, 0},           {"batched", train_batches, FLOATS, 0},
    {"prefetched", train_prefetched, FLOATS, 0}, {"openmp", train_prefetched, FLOATS, 1},
    {"bfloat16", train_bfloat16, HALVES, 0},     {"bfloat16-openmp", train_bfloat16, HALVES, 1}};
enum { RUNGS = sizeof rungs / sizeof *rungs };

static void climb(struct table *table, const struct rung *rung, struct training *run,
                  const struct flights *flights, uint64_t epochs)
{
    static double load_seconds;
    char rest[40];

    if (run->row_bytes != rung->row_bytes) {
        const struct took start = start_clock();
        load_rows(run, flights, rung->row_bytes);
        load_seconds = since(start).wall;
    }
    run->train = rung->train;
    const int same = repeat(run, flights, epochs);
    const size_t bytes = run->visits * BLOCK * (run->row_bytes + sizeof(float));

    snprintf(rest, sizeof rest, "%8.1f%8.4f", (double)bytes / run->took.wall / 1e9, load_seconds);
    row_of_training(table, rung->version, run, flights, flights_objective(flights, run->answer),
                    same, rest);
    if (!same)
        warnx("%s: the answer is not the same in every run", rung->version);
}

/* End the program if some threads would have nothing to train on. */
static void check_threads(uint64_t threads, size_t blocks)
{
    if (threads > blocks)
        errx(2, "-t '%llu': there are only %zu blocks of %d rows to share out",
             (unsigned long long)threads, blocks, BLOCK);
}

int main(int argc, char **argv)
{
    uint64_t n = UINT32_MAX, threads = 2, epochs = 20, seed = 1;
    uint64_t step = (uint64_t)(FIRST_STEP * 1000);
    const struct opt options[] = {{'n', &n, MIN_ROWS, UINT32_MAX, "rows to train on, at most"},
                                  {'t', &threads, 1, MAX_WORKERS, "threads"},
                                  {'e', &epochs, 1, MOST_EPOCHS, "most epochs"},
                                  {'s', &seed, 0, UINT32_MAX, "seed"},
                                  {'p', &step, 1, 1000000, "first step size, in thousandths"},
                                  {0}};
    const int first = read_options(argc, argv, " [build/flights.bin]", options);
    struct flights flights = flights_map(flights_path(argc, argv, first));
    struct training run = {.seed = seed, .first_step = (double)step / 1000, .window = 1};

    run.blocks = (n < flights.train ? n : flights.train) / BLOCK;
    check_threads(threads, run.blocks);
    run.order = memory(run.blocks * sizeof *run.order);
    printf("SGD on %zu rows until the objective is within 0.1%% of %.6f\n", run.blocks * BLOCK,
           flights.optimum);
    struct table table = header("%8s%9s%8s%8s%8s\n", "epochs", "gap", "AUC", "GB/s", "load-s");
    for (int i = 0; i < RUNGS; i++) {
        run.threads = rungs[i].parallel ? threads : 1;
        climb(&table, &rungs[i], &run, &flights, epochs);
    }
    free(run.rows);
    free(run.order);
    return verdict(&table);
}
