/* How near does training come to the optimum, and when? The gap after a 64th of an epoch, after a
 * 32nd ... after 16 epochs; and after every epoch with 1 to 64 workers, which are averaged once an
 * epoch.
 *
 *     cc -O3 -march=native -fassociative-math -fno-signed-zeros -fno-trapping-math \
 *         -fno-math-errno -fopenmp gaps.c local_sgd.c kernels.c storage.c flights.c \
 *         judge.c -lm -o gaps && ./gaps
 *
 * Each row is a training of its own, from nothing. convergence.py draws the rows.
 */
#include "../tools/bench.h"

#include "../tools/memory.h"
#include "local_sgd.h"
#include <math.h>

enum { RUNS = 5, LAST = 16, SMALLEST = 64 }; /* a 64th of an epoch */

/* Train, and print a row. Of several runs the fastest counts. */
static void point(struct table *table, const char *version, struct training *run,
                  const struct flights *flights, size_t visits)
{
    struct took best = {INFINITY, 0};
    char answer[24];

    for (int i = 0; i < RUNS; i++) {
        train(run, flights, visits, 0);
        best = run->took.wall < best.wall ? run->took : best;
    }
    const double above = gap(run, flights), rows = (double)(visits * BLOCK);
    snprintf(answer, sizeof answer, "%.6f", (1 + above) * flights->optimum);
    row_of_text(table, version, run->threads, answer, isfinite(above), best,
                "%8.3f%9.4f%%%8.4f%8.4f%13.1f\n", (double)visits / (double)run->blocks, 100 * above,
                flights_auc(flights, run->answer), flights_loss(flights, run->answer),
                rows / best.wall / 1e6);
}

static void curve(struct table *table, const char *version, kernel *step, struct training *run,
                  const struct flights *flights)
{
    run->train = step;
    for (size_t part = SMALLEST; part > 1; part /= 2)
        point(table, version, run, flights, run->blocks / part);
    for (size_t epochs = 1; epochs <= LAST; epochs *= 2)
        point(table, version, run, flights, epochs * run->blocks);
}

int main(int argc, char **argv)
{
    uint64_t threads = 2, seed = 1;
    const struct opt options[] = {
        {'t', &threads, 1, MAX_WORKERS, "threads"}, {'s', &seed, 0, UINT32_MAX, "seed"}, {0}};
    const int first = read_options(argc, argv, " [build/flights.bin]", options);
    struct flights flights = flights_map(flights_path(argc, argv, first));
    struct training run = {.first_step = FIRST_STEP, .seed = seed, .window = 1, .threads = 1};

    run.blocks = flights.train / BLOCK;
    run.order = memory(run.blocks * sizeof *run.order);
    load_rows(&run, &flights, FLOATS);
    printf("SGD on %zu rows; the optimum is %.6f\n", run.blocks * BLOCK, flights.optimum);
    struct table table =
        header("%8s%10s%8s%8s%13s\n", "epochs", "gap", "AUC", "loss", "Msamples/s");
    curve(&table, "serial", train_rows, &run, &flights);
    if ((run.threads = threads) > 1)
        curve(&table, "serial", train_rows, &run, &flights);
    run.threads = 1;
    curve(&table, "batched", train_batches, &run, &flights);
    curve(&table, "prefetched", train_prefetched, &run, &flights);
    for (run.threads = 1; run.threads <= MAX_WORKERS; run.threads *= 2)
        curve(&table, "openmp", train_prefetched, &run, &flights);
    if ((run.threads = threads) & (threads - 1)) /* not among them */
        curve(&table, "openmp", train_prefetched, &run, &flights);
    load_rows(&run, &flights, HALVES);
    run.threads = 1;
    curve(&table, "bfloat16", train_bfloat16, &run, &flights);
    run.threads = threads;
    curve(&table, "bfloat16-openmp", train_bfloat16, &run, &flights);
    free(run.rows);
    free(run.order);
    return verdict(&table);
}
