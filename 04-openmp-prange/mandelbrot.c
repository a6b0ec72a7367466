/* The Mandelbrot set: nothing but arithmetic, and some rows take far longer than others.
 *
 *     cc -O3 -march=native -ffp-contract=off -fopenmp mandelbrot.c -o mandelbrot -lm \
 *         && ./mandelbrot
 *
 *     serial      one pixel after the other
 *     simd        32 pixels at a time: some in each vector register, and several registers
 *     parallel    one pixel after the other, the rows shared out to threads
 *     static ...  both: simd, and the rows shared out by one of OpenMP's schedules
 *
 * With --out FILE.png, a picture of these schedules: a row has the colour of the thread that
 * computed it, and is bright where it took many steps.
 */
#include "../tools/bench.h"
#include "../tools/memory.h"
#include "picture.h"
#include "pixels.h"
#include <omp.h>

enum { SHOWN = 8 }; /* SHOWN: of more threads, only so many are printed */

static uint64_t n = 1024, iterations = 500;
static struct view view = {-0.6, 0.65, 2};
static uint32_t *counts; /* n x n */
static struct {
    _Alignas(128) double busy;
} workers[MAX_THREADS]; /* CPU seconds */

static const struct version {
    const char *name;
    void (*compute_row)(const struct view *, size_t n, size_t r, uint32_t most, uint32_t *counts);
    omp_sched_t schedule;
    int chunk, parallel; /* rows that a thread takes at a time; 0: OpenMP's own choice */
} versions[] = {
    {"serial", one_by_one, omp_sched_static, 0, 0},
    {"simd", in_lanes, omp_sched_static, 0, 0},
    {"parallel", one_by_one, omp_sched_dynamic, 1, 1},
    {"static", in_lanes, omp_sched_static, 0, 1},
    {"static-16", in_lanes, omp_sched_static, 16, 1},
    {"dynamic", in_lanes, omp_sched_dynamic, 1, 1},
    {"guided", in_lanes, omp_sched_guided, 1, 1},
};
enum { VERSIONS = 7, PANELS = 4 }; /* the last ones are in the picture */

/* Compute all rows, and note who computed which. Return the number of threads. */
static int compute(const struct version *version, int threads, uint8_t *owners)
{
    int team = 1;

    omp_set_schedule(version->schedule, version->chunk); /* what schedule(runtime) stands for */
#pragma omp parallel num_threads(threads)
    {
        const int me = omp_get_thread_num();
        const double begin = now(CLOCK_THREAD_CPUTIME_ID);
#pragma omp for schedule(runtime) nowait
        for (size_t r = 0; r < n; r++) {
            version->compute_row(&view, n, r, (uint32_t)iterations, counts + r * n);
            owners[r] = (uint8_t)me;
        }
        /* nowait: at the end of the region a thread that is done spins, and that is no work. */
        workers[me].busy = now(CLOCK_THREAD_CPUTIME_ID) - begin;
        if (me == 0)
            team = omp_get_num_threads();
    }
    return team;
}

/* How much longer than the mean the busiest thread worked, in percent. */
static double imbalance(int team)
{
    double sum = 0, longest = 0;

    for (int i = 0; i < team; i++) {
        sum += workers[i].busy;
        longest = fmax(longest, workers[i].busy);
    }
    return sum > 0 ? 100 * (longest * team / sum - 1) : 0;
}

/* Print a row. Right is what has the first row's picture; its hash is what `expected` is and what
 * is returned. (Counts in the wrong places have the same sum.) */
static uint64_t measure(struct table *table, const struct version *version, int threads,
                        uint8_t *owners, uint64_t expected)
{
    memset(counts, 0, n * n * sizeof *counts); /* what is left out cannot pass with old counts */
    const struct took start = start_clock();
    const int team = compute(version, version->parallel ? threads : 1, owners);
    const struct took took = since(start);
    uint64_t sum = 0, hash = 1;
    for (size_t i = 0; i < n * n; i++) {
        sum += counts[i];
        hash = hash * 0x9e3779b97f4a7c15 + counts[i];
    }
    expected = expected ? expected : hash;
    row(table, version->name, (uint64_t)team, sum, hash == expected, took, " ");
    for (int i = 0; i < team && i < SHOWN; i++)
        printf("%s%.0f%%", i ? "|" : "", 100 * workers[i].busy / took.wall);
    printf("%s  %.0f%%\n", team > SHOWN ? "|..." : "", imbalance(team));
    return expected;
}

int main(int argc, char **argv)
{
    uint64_t threads = 2, expected = 0;
    const struct opt options[] = {{'n', &n, 1, 100000, "rows, and pixels in a row"},
                                  {'i', &iterations, 1, UINT32_MAX, "most steps a pixel"},
                                  {'t', &threads, 1, MAX_THREADS, "threads"},
                                  {0}};
    const char *path = take_option(&argc, argv, "--out"), *v = take_option(&argc, argv, "-v");

    if (read_options(argc, argv, " [-v X,Y,WIDTH] [--out FILE.png]", options) < argc)
        errx(2, "'%s' is not an option; see --help", argv[argc - 1]);
    read_view(v, &view);
    counts = memory(n * n * sizeof *counts);
    uint8_t *owners = memory(VERSIONS * n);
    printf("%" PRIu64 " x %" PRIu64 " pixels; shares: of the time each was busy\n", n, n);
    struct table table = header(" shares imbalance\n");
    for (size_t i = 0; i < VERSIONS; i++)
        expected = measure(&table, &versions[i], (int)threads, owners + i * n, expected);
    const struct picture picture = {
        counts, owners + (VERSIONS - PANELS) * n, n, n, PANELS, (uint32_t)iterations};
    const int error = path ? write_picture(path, &picture) : 0;
    if (error)
        errx(2, "--out '%s': %s", path, strerror(error));
    free(counts);
    free(owners);
    return verdict(&table);
}
