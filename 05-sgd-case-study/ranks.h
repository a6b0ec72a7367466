/* How the ranks of an MPI job begin and end together. Include it after bench.h. */
#pragma once
#include <mpi.h>
#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>
#endif

static int rank, ranks;
static int told; /* the other ranks, whether to go on */

/* Rank 0 tells the others whether to go on; they wait here until it does. */
static void go_on_together(int go_on)
{
    told = 1;
    MPI_Bcast(&go_on, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (!go_on)
        MPI_Finalize();
    if (!go_on && rank > 0)
        exit(0);
}

static void end_together(void)
{
    if (!told)
        go_on_together(0);
}

/* Rank 0 returns at once, the others when it says so: it alone reads the options and looks at the
 * file first, so that what is wrong is said once. Should it end there, then all do. */
static void begin_together(int *argc, char ***argv)
{
    int provided;

#ifdef __linux__
    if (getenv("OMPI_COMM_WORLD_RANK")) /* when the launcher is killed, this rank is too */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (rank > 0)
        go_on_together(1);
    else
        atexit(end_together);
}
