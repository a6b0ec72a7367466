/* Local SGD in several processes, on one machine or many: MPI adds up their weights once an epoch.
 *
 *     mpicc -O3 -march=native -fassociative-math -fno-signed-zeros -fno-trapping-math \
 *         -fno-math-errno -fopenmp sgd_mpi.c checkpoint.c local_sgd.c kernels.c storage.c \
 *         flights.c judge.c -lm -o sgd_mpi && mpiexec -n 2 ./sgd_mpi
 *
 * (`make mpi` installs Open MPI.) Each rank, as MPI calls its processes, trains with -t threads on
 * its part of the file, which every machine must have. The answer is that of larger.c with as many
 * threads, to the last bit: in double a sum of a few floats is exact, whatever its order.
 */
#include "../tools/bench.h"

#include "../tools/memory.h"
#include "checkpoint.h"
#include "report.h"
#include <mpi.h>
#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>
#endif

static const char CHECKPOINT[] = "build/checkpoint";
static double bytes_sent; /* by this rank */

static void add_up(double *values, int n)
{
    MPI_Allreduce(MPI_IN_PLACE, values, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    bytes_sent += n * (double)sizeof *values;
}

/* How far the answer is above the optimum: each rank looks at its own rows. */
static double gap_of_all(const struct training *run, const struct flights *mine, size_t rows)
{
    double loss = flights_objective(mine, run->answer) * (double)mine->train / (double)rows;

    MPI_Allreduce(MPI_IN_PLACE, &loss, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return loss / mine->optimum - 1;
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

/* Returns the gap. */
static double train_together(struct training *run, const struct flights *mine, size_t rows,
                             uint64_t epochs, uint64_t keep)
{
    double above = 1;

    begin(run);
    if (keep)
        resume(run, CHECKPOINT);
    if (run->epoch)
        above = gap_of_all(run, mine, rows);
    while (run->epoch < epochs && !(fabs(above) <= TOLERANCE)) {
        MPI_Barrier(MPI_COMM_WORLD); /* so that no clock runs while another rank judges */
        train_epoch(run, windows(run), mine->lambda);
        if (keep && run->team->first == 0)
            save(run, CHECKPOINT);
        above = gap_of_all(run, mine, rows);
    }
    return above;
}

static void show(struct training *run, const struct flights *all, double above, int ranks)
{
    const double bytes = (double)(run->visits * MAPPED_WINDOW * BLOCK * (FLOATS + sizeof(float)));
    char rest[40];

    printf("SGD on %zu rows, by %d ranks of %llu threads\n", all->train, ranks,
           (unsigned long long)run->threads);
    header("%8s%9s%8s%8s%8s\n", "epochs", "gap", "AUC", "GB/s", "sent-B");
    snprintf(rest, sizeof rest, "%8.1f%8.0f", bytes * ranks / run->wall / 1e9,
             bytes_sent * (double)windows(run) / (double)run->visits);
    run->threads = run->team->workers;
    row_of_training("mpi", run, all, (1 + above) * all->optimum, 1, rest);
}

int main(int argc, char **argv)
{
    uint64_t threads = 1, epochs = 20, seed = 1, keep = 0;
    const struct opt options[] = {{'t', &threads, 1, MAX_WORKERS, "threads of each rank"},
                                  {'e', &epochs, 1, 1000, "most epochs"},
                                  {'s', &seed, 0, UINT32_MAX, "seed"},
                                  {'k', &keep, 0, 1, "keep build/checkpoint, and go on from it"},
                                  {0}};
    int rank, ranks;

#ifdef __linux__
    if (getenv("OMPI_COMM_WORLD_RANK")) /* when the launcher is killed, this rank is too */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (rank > 0)
        MPI_Barrier(MPI_COMM_WORLD); /* a wrong option is refused by rank 0, and once */
    const char *path = flights_path(argc, argv, read_options(argc, argv, " [FILE]", options));
    const struct flights all = flights_open(path);
    const size_t all_windows = (all.train / BLOCK + MAPPED_WINDOW - 1) / MAPPED_WINDOW;
    const struct team team = {(size_t)rank * threads, (size_t)ranks * threads, all_windows, add_up};
    if (team.workers > all_windows)
        fail(2, "-t '%llu': %zu workers, and only %zu windows of 8 MB to share out",
             (unsigned long long)threads, team.workers, all_windows);
    if (rank == 0)
        MPI_Barrier(MPI_COMM_WORLD);

    const struct flights mine = part_of(&all, &team, threads);
    flights_check(&mine, mine.train, path);
    struct training run = {.train = train_prefetched,
                           .rows = (char *)mine.rows,
                           .labels = (float *)mine.labels,
                           .row_bytes = FLOATS,
                           .blocks = mine.train / BLOCK,
                           .window = MAPPED_WINDOW,
                           .mapped = &mine,
                           .first_step = FIRST_STEP,
                           .seed = seed,
                           .threads = threads,
                           .team = &team};
    run.order = memory(windows(&run) * sizeof *run.order);
    const double above = train_together(&run, &mine, all.train, epochs, keep);
    if (rank == 0 && run.visits)
        show(&run, &all, above, ranks);
    else if (rank == 0)
        printf("%s is of the end of this training, %.4f%% above the optimum\n", CHECKPOINT,
               100 * above);
    free(run.order);
    MPI_Finalize();
    return verdict();
}
