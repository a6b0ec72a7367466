/* Count the primes below n on threads: who does which part, and why equal parts are not equal.
 *
 *     cc -O2 -pthread primes.c -o primes && ./primes
 *
 * The two ways to share the work out, static and dynamic, are in schedules.h.
 */
#include "schedules.h"

enum { BAR = 40 }; /* signs */

/* Each thread's busy time as a bar; one of full length is `full` seconds, and | is the ideal. */
static void print_bars(const struct schedule *s, double full)
{
    const double scale = full > 0 ? BAR / full : 0;

    for (uint64_t i = 0; i < s->threads && i < SHOWN; i++) {
        char bar[BAR + 2];
        memset(bar, ' ', sizeof bar);
        memset(bar, '#', (size_t)(s->workers[i].busy * scale + 0.5));
        bar[(int)(s->ideal * scale + 0.5)] = '|';
        bar[BAR + 1] = '\0';
        printf("%-8s thread %-3" PRIu64 " %s %.3f s\n", i ? "" : s->name, i + 1, bar,
               s->workers[i].busy);
    }
    if (s->threads > SHOWN)
        printf("%8s ... and %" PRIu64 " more\n", "", s->threads - SHOWN);
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
    printf("count the primes below %" PRIu64 "; shares: of the time each was busy\n", n);
    struct table table = header(" shares imbalance\n");
    uint64_t expected = sequential_row(&table, n);
    threads_row(&table, &equal, n, expected);
    threads_row(&table, &shared, n, expected);

    double full = equal.longest > shared.longest ? equal.longest : shared.longest;
    printf("\nhow long each thread worked (|: if all had worked equally long)\n");
    print_bars(&equal, full);
    print_bars(&shared, full);
    return verdict(&table);
}
