/* Train on a file that need not fit into memory: the rows stay in it, and are mapped, trained on
 * and forgotten a window at a time.
 *
 *     cc -O3 -march=native -fassociative-math -fno-signed-zeros -fno-trapping-math \
 *         -fno-math-errno -fopenmp larger.c local_sgd.c kernels.c storage.c flights.c judge.c \
 *         -lm -o larger && ./larger
 *
 * `python flights.py build/10.bin --times 10` makes ten times the data, for `./larger FILE`. Each
 * thread keeps to a part of the file. It visits windows of 8 MB in an order drawn anew each epoch,
 * and the rows of a window in the file's order: they were shuffled when it was written, and a disk
 * too is fast only when it is read in order.
 */
#include "../tools/bench.h"

#include "../tools/memory.h"
#include "report.h"
#include <sys/resource.h>

/* The most memory that this program has had, pages of the file included, in MB. */
static double peak_memory(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
    return (double)usage.ru_maxrss / 1e6;
#else
    return (double)usage.ru_maxrss / 1e6 * 1024;
#endif
}

static void climb(struct table *table, struct training *run, const struct flights *flights,
                  uint64_t epochs)
{
    const struct team team = {0, run->threads, windows(run), NULL};
    char rest[40];

    run->team = &team;
    train(run, flights, epochs * windows(run), TOLERANCE);
    const size_t passes = run->visits / windows(run);
    const size_t bytes = passes * run->blocks * BLOCK * (FLOATS + sizeof(float));

    snprintf(rest, sizeof rest, "%8.1f%8.0f", (double)bytes / run->took.wall / 1e9, peak_memory());
    row_of_training(table, "mapped", run, flights, flights_objective(flights, run->answer), 1,
                    rest);
}

int main(int argc, char **argv)
{
    uint64_t threads = 2, epochs = 20, seed = 1;
    uint64_t step = (uint64_t)(FIRST_STEP * 1000);
    const struct opt options[] = {{'t', &threads, 1, MAX_WORKERS, "threads"},
                                  {'e', &epochs, 1, MOST_EPOCHS, "most epochs"},
                                  {'s', &seed, 0, UINT32_MAX, "seed"},
                                  {'p', &step, 1, 1000000, "first step size, in thousandths"},
                                  {0}};
    const int first = read_options(argc, argv, " [build/flights.bin]", options);
    struct flights flights = flights_map(flights_path(argc, argv, first));
    struct training run = {.train = train_prefetched,
                           .rows = (char *)flights.rows,
                           .labels = (float *)flights.labels,
                           .row_bytes = FLOATS,
                           .blocks = flights.train / BLOCK,
                           .window = MAPPED_WINDOW,
                           .mapped = &flights,
                           .first_step = (double)step / 1000,
                           .seed = seed};

    run.order = memory(run.blocks * sizeof *run.order);
    printf("SGD on %zu rows, %.0f MB, that stay in their file\n", flights.train,
           (double)flights.train * (FLOATS + sizeof(float)) / 1e6);
    struct table table = header("%8s%9s%8s%8s%8s\n", "epochs", "gap", "AUC", "GB/s", "peak-MB");
    run.threads = 1;
    climb(&table, &run, &flights, epochs);
    if (threads > 1) {
        run.threads = threads;
        climb(&table, &run, &flights, epochs);
    }
    free(run.order);
    return verdict(&table);
}
