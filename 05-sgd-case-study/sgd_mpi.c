/* Local SGD in several processes, on one machine or many: MPI adds up their weights once an epoch.
 *
 *     mpicc -O3 -march=native -fassociative-math -fno-signed-zeros -fno-trapping-math \
 *         -fno-math-errno -fopenmp sgd_mpi.c checkpoint.c local_sgd.c kernels.c storage.c \
 *         flights.c judge.c -lm -o sgd_mpi && mpiexec -n 2 ./sgd_mpi
 *
 * (`make mpi` installs Open MPI.) Each rank, as MPI calls its processes, trains with -t threads on
 * its part of the file, which every machine must have. The answer is that of larger.c with as many
 * threads, to the last bit: in double the sum of a few floats is exact, whatever its order, unless
 * one is 2^29 times as large as another.
 */
#include "../tools/bench.h"

#include "../tools/memory.h"
#include "checkpoint.h"
#include "ranks.h"
#include "report.h"

static const char CHECKPOINT[] = "build/checkpoint";
static double bytes_sent; /* by this rank */

static void sum(double *values, int n)
{
    MPI_Allreduce(MPI_IN_PLACE, values, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    for (int others = 1; others < ranks; others *= 2) /* as short sums do: to one, two, four on */
        bytes_sent += n * (double)sizeof *values;
}

/* How far the answer is above the optimum: each rank looks at its own rows. */
static double gap_of_all(const struct training *run, const struct flights *mine, size_t rows)
{
    double loss = flights_objective(mine, run->answer) * (double)mine->train / (double)rows;

    sum(&loss, 1);
    return loss / mine->optimum - 1;
}

/* End if this machine has another file than that of rank 0. */
static void check_same(const struct flights *mine, const char *path)
{
    const double own[] = {(double)mine->train, mine->lambda, mine->optimum};
    double first[3];

    memcpy(first, own, sizeof first);
    MPI_Bcast(first, 3, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    if (memcmp(first, own, sizeof first) != 0)
        errx(2, "%s: rank %d has another file than rank 0", path, rank);
}

/* The rows of this process's workers. */
static struct flights part_of(const struct flights *all, const struct team *team, size_t threads)
{
    const size_t rows = MAPPED_WINDOW * BLOCK;
    const size_t low = cut(team->windows, team->workers, team->first) * rows;
    const size_t high = cut(team->windows, team->workers, team->first + threads) * rows;
    struct flights mine = *all;

    mine.rows += low * FEATURES;
    mine.labels += low;
    mine.train = (high < all->train ? high : all->train) - low;
    return mine;
}

/* Go on from what rank 0 has kept: the others' machines may have no such file. */
static void resume(struct training *run, const struct flights *flights)
{
    struct checkpoint before = {0};

    if (rank == 0)
        before = kept(run, flights, CHECKPOINT);
    MPI_Bcast(&before, sizeof before, MPI_BYTE, 0, MPI_COMM_WORLD);
    go_on(run, before.epoch, before.weights, before.answer);
}

/* Returns the gap. */
static double train_together(struct training *run, const struct flights *mine, size_t rows,
                             uint64_t epochs, uint64_t keep)
{
    double above = 1;

    begin(run);
    if (keep)
        resume(run, mine);
    if (run->epoch)
        above = gap_of_all(run, mine, rows);
    bytes_sent = 0;
    while (run->epoch < epochs && !(fabs(above) <= TOLERANCE)) {
        MPI_Barrier(MPI_COMM_WORLD); /* so that no clock runs while another rank judges */
        train_epoch(run, windows(run), mine->lambda);
        if (keep && rank == 0)
            save(run, mine, CHECKPOINT);
        above = gap_of_all(run, mine, rows);
    }
    MPI_Allreduce(MPI_IN_PLACE, &run->took.cpu, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, &run->took.wall, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return above;
}

static int show(struct training *run, const struct flights *all, double above)
{
    const double epochs = (double)(run->visits / windows(run));
    const double bytes = epochs * (double)(all->train * (FLOATS + sizeof(float)));
    char rest[40];

    if (epochs == 0 && fabs(above) > TOLERANCE)
        errx(1, "%s is of epoch %zu, %.4f%% above the optimum: choose a larger -e", CHECKPOINT,
             run->epoch, 100 * above);
    if (epochs == 0) {
        printf("%s is of the end of this training, %.4f%% above the optimum\n", CHECKPOINT,
               100 * above);
        return 0;
    }
    printf("SGD on %zu rows, by %d x %llu workers (ranks x threads)\n", all->train, ranks,
           (unsigned long long)run->threads);
    struct table table = header("%8s%9s%8s%8s%8s\n", "epochs", "gap", "AUC", "GB/s", "sent-B");
    snprintf(rest, sizeof rest, "%8.1f%8.0f", bytes / run->took.wall / 1e9, bytes_sent / epochs);
    run->threads = run->team->workers;
    row_of_training(&table, "mpi", run, all, (1 + above) * all->optimum, 1, rest);
    return verdict(&table);
}

int main(int argc, char **argv)
{
    uint64_t threads = 1, epochs = 20, seed = 1, keep = 0;
    uint64_t step = (uint64_t)(FIRST_STEP * 1000);
    const struct opt options[] = {{'t', &threads, 1, MAX_WORKERS, "threads of each rank"},
                                  {'e', &epochs, 1, MOST_EPOCHS, "most epochs"},
                                  {'s', &seed, 0, UINT32_MAX, "seed"},
                                  {'p', &step, 1, 1000000, "first step size, in thousandths"},
                                  {'k', &keep, 0, 1, "keep build/checkpoint, and go on from it"},
                                  {0}};

    begin_together(&argc, &argv);
    const char *path = flights_path(argc, argv, read_options(argc, argv, " [FILE]", options));
    const struct flights all = flights_open(path);
    const size_t all_windows =
        windows(&(struct training){.blocks = all.train / BLOCK, .window = MAPPED_WINDOW});
    const struct team team = {(size_t)rank * threads, (size_t)ranks * threads, all_windows, sum};
    if (team.workers > all_windows)
        errx(2, "%d ranks of %llu threads, and only %zu windows of 8 MB to share out", ranks,
             (unsigned long long)threads, all_windows);
    if (rank == 0)
        go_on_together(1);
    check_same(&all, path);

    const struct flights mine = part_of(&all, &team, threads);
    flights_check(&mine, 0, mine.train, path);
    if (rank == 0) /* it judges */
        flights_check(&all, all.train, all.train + all.test, path);
    struct training run = {.train = train_prefetched,
                           .rows = (char *)mine.rows,
                           .labels = (float *)mine.labels,
                           .row_bytes = FLOATS,
                           .blocks = mine.train / BLOCK,
                           .window = MAPPED_WINDOW,
                           .mapped = &mine,
                           .first_step = (double)step / 1000,
                           .seed = seed,
                           .threads = threads,
                           .team = &team};
    run.order = memory(windows(&run) * sizeof *run.order);
    const double above = train_together(&run, &mine, all.train, epochs, keep);
    const int wrong = rank == 0 && show(&run, &all, above);
    free(run.order);
    MPI_Finalize();
    return wrong;
}
