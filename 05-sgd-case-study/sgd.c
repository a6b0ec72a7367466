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
#define _GNU_SOURCE /* sched_getaffinity */
#include "local_sgd.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
static int repeat(struct training *run, const struct flights *flights, int epochs)
{
    double walls[MAX_RUNS], total = 0, cpu = 0;
    float first[FEATURES];
    int runs = 0, same = 1;

    train(run, flights, epochs, TOLERANCE);
    memcpy(first, run->answer, sizeof first);
    while (runs < MAX_RUNS && (runs < 3 || total < 0.3)) {
        train(run, flights, run->epochs, 0);
        same &= memcmp(first, run->answer, sizeof first) == 0;
        total += walls[runs++] = run->wall;
        cpu += run->cpu;
    }
    qsort(walls, (size_t)runs, sizeof *walls, by_size);
    run->wall = walls[runs / 2];
    run->cpu = run->wall * cpu / total;
    return same;
}

/* The CPUs this process may use: affinity, then the cgroup's quota; at least 2. */
static int usable_cpus(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    long quota, period;
    cpu_set_t set;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        cpus = CPU_COUNT(&set);
    if (file && fscanf(file, "%ld %ld", &quota, &period) == 2 &&
        (quota + period - 1) / period < cpus)
        cpus = (quota + period - 1) / period;
    if (file)
        fclose(file);
#endif
    return cpus < 2 ? 2 : cpus > MAX_THREADS ? MAX_THREADS : (int)cpus;
}

/* Read a whole number from low to high, or end with one line and exit code 2. */
static uint64_t whole(const char *name, const char *text, uint64_t low, uint64_t high)
{
    char *end;

    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < low || value > high) {
        fprintf(stderr, "sgd: %s '%s': expected a whole number from %" PRIu64 " to %" PRIu64 "\n",
                name, text, low, high);
        exit(2);
    }
    return value;
}

/* OMP_NUM_THREADS is "4", or "4,2" for nested teams: take the first. Runtimes hang or crash on
 * other values, so this is called before anything else of OpenMP is. By default no more than 16:
 * every thread learns from its own part of the rows, and small parts teach little. */
static int default_threads(void)
{
    const char *text = getenv("OMP_NUM_THREADS");
    char list[64];

    if (!text)
        return usable_cpus() < 16 ? usable_cpus() : 16;
    snprintf(list, sizeof list, "%s", text);
    if (strlen(text) < sizeof list && text[strspn(text, "0123456789,")] == '\0')
        list[strcspn(list, ",")] = '\0';
    return (int)whole("OMP_NUM_THREADS", list, 1, MAX_THREADS);
}

static const char USAGE[] = "usage: sgd [-n rows to train on, default all] [-t threads, 1 to 64]"
                            " [-e most epochs, default 20] [-s seed] [build/flights.bin]";

int main(int argc, char **argv)
{
    const char *path = "build/flights.bin", *rows = NULL;
    uint64_t seed = 1;
    int threads = default_threads(), epochs = 20, wrong = 0;
    double base = 0;

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return puts(USAGE) == EOF;
    for (int option; (option = getopt(argc, argv, "n:t:e:s:")) != -1;) {
        if (option == 'n')
            rows = optarg;
        else if (option == 't')
            threads = (int)whole("-t", optarg, 1, MAX_THREADS);
        else if (option == 'e')
            epochs = (int)whole("-e", optarg, 1, 1000);
        else if (option == 's')
            seed = whole("-s", optarg, 0, UINT32_MAX);
        else
            return 2; /* getopt has said what is wrong */
    }
    if (optind + 1 < argc) {
        fprintf(stderr, "sgd: '%s' is one file too many; see --help\n", argv[optind + 1]);
        return 2;
    }
    if (optind < argc)
        path = argv[optind];

    struct flights flights;
    if (flights_read(path, &flights) != 0)
        return 2;
    size_t n = rows ? whole("-n", rows, MIN_ROWS, flights.train) : flights.train;
    uint32_t *order = malloc(n / BLOCK * sizeof *order);
    if (!order) {
        fprintf(stderr, "sgd: out of memory\n");
        return 1;
    }

    struct training runs[] = {
        {.train = train_rows, .threads = 1},
        {.train = train_batches, .threads = 1},
        {.train = train_batches, .threads = threads},
    };
    const char *names[] = {"serial", "blocked", "openmp"};

    n = n / BLOCK * BLOCK;
    printf("SGD on %zu flights until the objective is within 0.1%% of %.6f\n", n, flights.optimum);
    printf("%-16s%8s%10s%12s%9s%7s%8s%12s%12s%9s%8s%7s\n", "version", "threads", "answer",
           "seconds", "speedup", "busy", "epochs", "s/epoch", "Msamples/s", "gap", "AUC", "GB/s");
    for (int i = 0; i < 3; i++) {
        struct training *run = &runs[i];
        run->seed = seed;
        run->blocks = n / BLOCK;
        run->order = order;
        int same = repeat(run, &flights, epochs);
        double per_epoch = run->wall / run->epochs;
        double reached = flights_objective(&flights, run->answer);
        double above = reached / flights.optimum - 1;
        base = i == 0 ? run->wall : base;
        wrong += !same || !(fabs(above) <= TOLERANCE);
        printf("%-15s %8d %9.6f %#11.4g %8.2f %6.2f %7d %#11.4g %11.2f %7.4f%% %7.4f %6.1f\n",
               names[i], run->threads, reached, run->wall, base / run->wall, run->cpu / run->wall,
               run->epochs, per_epoch, (double)n / per_epoch / 1e6, 100 * above,
               flights_auc(&flights, run->answer),
               (double)n * (FEATURES + 1) * sizeof(float) / per_epoch / 1e9);
        fflush(stdout);
        if (!same)
            fprintf(stderr, "sgd: %s: the answer is not the same in every run\n", names[i]);
    }
    if (wrong)
        fprintf(stderr, "sgd: wrong answer in %d of 3 rows: not within 0.1%% of the optimum\n",
                wrong);
    free(order);
    flights_free(&flights);
    return wrong ? 1 : 0;
}
