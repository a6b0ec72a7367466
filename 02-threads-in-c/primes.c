/* Count the primes below n on threads: who does which part, and why equal parts are not equal.
 *
 *     cc -O2 -pthread primes.c -o primes && ./primes
 *
 * The two ways to share the work out, static and dynamic, are in schedules.h.
 */
#include "schedules.h"

enum { BAR = 40 }; /* signs */

static void print_bar(double seconds, double full, char sign)
{
    char bar[BAR + 1] = "";

    memset(bar, sign, full > 0 ? (size_t)((double)BAR * seconds / full + 0.5) : 0);
    printf("  %-*s  %.3f s\n", BAR, bar, seconds);
}

/* Each thread's busy time as a bar; a bar of full length is `full` seconds. */
static void print_bars(const struct schedule *s, double full)
{
    printf("\n%s: the busiest thread worked %.0f%% longer than the ideal\n", s->name, imbalance(s));
    for (uint64_t i = 0; i < s->threads && i < SHOWN; i++) {
        printf("  thread %" PRIu64, i + 1);
        print_bar(s->workers[i].busy, full, '#');
    }
    if (s->threads > SHOWN)
        printf("  ... and %" PRIu64 " more\n", s->threads - SHOWN);
    printf("  ideal   ");
    print_bar(s->ideal, full, '-');
}

int main(int argc, char **argv)
{
    static struct schedule equal = {.name = "static", .work = work_static};
    static struct schedule shared = {.name = "dynamic", .work = work_dynamic};
    uint64_t n = 2000000, threads = 2;
    const struct opt options[] = {{'n', &n, 1, 1000000000000, "count the primes below n"},
                                  {'t', &threads, 1, MAX_THREADS, "threads"},
                                  {'c', &chunk, 1, 1000000000000, "numbers in a chunk"},
                                  {0}};

    read_options(argc, argv, NULL, options);
    equal.threads = shared.threads = threads;
    printf("count the primes below %" PRIu64 "; shares: how long each thread was busy\n", n);
    header(" shares  imbalance\n");
    uint64_t expected = sequential_row(n);
    threads_row(&equal, n, expected);
    threads_row(&shared, n, expected);

    double full = equal.longest > shared.longest ? equal.longest : shared.longest;
    print_bars(&equal, full);
    print_bars(&shared, full);
    return verdict();
}
