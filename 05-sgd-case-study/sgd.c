/* Logistic regression by SGD on the flights: row by row, in batches, on all cores.
 *
 *     cc -O3 -march=native -fassociative-math -fno-signed-zeros -fno-trapping-math \
 *         -fno-math-errno -fopenmp *.c -lm -o sgd && ./sgd
 *
 * (The four -f flags let the compiler reorder sums; -ffast-math as a whole would also let it
 * assume that there are no NaNs, and the checks of flights.c look for them.) All versions visit
 * blocks of 512 rows in an order drawn anew each epoch, and answer with the average of the weights
 * over the second half of the epoch (Polyak-Ruppert averaging; Bottou 2012, section 5). Training
 * ends with the epoch that brings the objective within 0.1% of the optimum.
 */
#include "../tools/bench.h"

#include "../tools/memory.h"
#include "local_sgd.h"
#include <math.h>

enum { MAX_RUNS = 99, MIN_ROWS = 256 * BLOCK }; /* fewer rows have another optimum */
static const double TOLERANCE = 1e-3;           /* of the optimum */

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Train once with evaluation, then as often as fits in 0.3 s without: leave the median in
 * run->wall, and in run->cpu its part of the CPU seconds. Returns 0 if the answers differ in any
 * bit. */
static int repeat(struct training *run, const struct flights *flights, uint64_t epochs)
{
    double walls[MAX_RUNS], sum = 0, cpu_sum = 0;
    float first[FEATURES];
    int runs = 0, same = 1;

    train(run, flights, epochs, TOLERANCE);
    memcpy(first, run->answer, sizeof first);
    while (runs < MAX_RUNS && (runs < 3 || sum < 0.3)) {
        train(run, flights, run->epochs, 0);
        same &= memcmp(first, run->answer, sizeof first) == 0;
        sum += walls[runs++] = run->wall;
        cpu_sum += run->cpu;
    }
    qsort(walls, (size_t)runs, sizeof *walls, by_size);
    run->wall = walls[runs / 2];
    run->cpu = run->wall * cpu_sum / sum;
    return same;
}

static void climb(const char *version, kernel *step, struct training *run,
                  const struct flights *flights, uint64_t epochs)
{
    run->train = step;
    const int same = repeat(run, flights, epochs);
    const double rows = (double)(run->blocks * BLOCK), seconds = run->wall / (double)run->epochs;
    const double reached = flights_objective(flights, run->answer);
    const double gap = reached / flights->optimum - 1;
    char answer[24];

    wall = run->wall;
    cpu = run->cpu;
    snprintf(answer, sizeof answer, "%.6f", reached);
    row_of_text(version, run->threads, answer, same && fabs(gap) <= TOLERANCE,
                "%8" PRIu64 "%8.4f%%%8.4f%8.1f\n", run->epochs, 100 * gap,
                flights_auc(flights, run->answer),
                rows * (FEATURES + 1) * sizeof(float) / seconds / 1e9);
    if (!same)
        fprintf(stderr, "%s: %s: the answer is not the same in every run\n", program, version);
}

/* The file of data: the one word that may stand behind the options. */
static const char *file_named(int argc, char **argv, int first)
{
    if (first + 1 < argc)
        fail(2, "'%s' is one file too many; see --help", argv[first + 1]);
    return first < argc ? argv[first] : "build/flights.bin";
}

int main(int argc, char **argv)
{
    uint64_t n = UINT32_MAX, threads = 2, epochs = 20, seed = 1;
    const struct opt options[] = {{'n', &n, MIN_ROWS, UINT32_MAX, "rows to train on, at most"},
                                  {'t', &threads, 1, MAX_WORKERS, "threads"},
                                  {'e', &epochs, 1, 1000, "most epochs"},
                                  {'s', &seed, 0, UINT32_MAX, "seed"},
                                  {0}};
    const int first = read_options(argc, argv, " [build/flights.bin]", options);
    struct flights flights = flights_read(file_named(argc, argv, first));
    struct training run = {.threads = 1, .seed = seed};

    run.blocks = (n < flights.train ? n : flights.train) / BLOCK;
    run.order = memory(run.blocks * sizeof *run.order);
    printf("SGD on %zu flights until the objective is within 0.1%% of %.6f\n", run.blocks * BLOCK,
           flights.optimum);
    header("%8s%9s%8s%8s\n", "epochs", "gap", "AUC", "GB/s");
    climb("serial", train_rows, &run, &flights, epochs);
    climb("blocked", train_batches, &run, &flights, epochs);
    run.threads = threads;
    climb("openmp", train_batches, &run, &flights, epochs);
    free(run.order);
    free(flights.rows);
    return verdict();
}
