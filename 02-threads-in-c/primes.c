/* Count the primes below n on threads: who does which part, and why equal parts are not equal.
 *
 *     cc -O2 -pthread primes.c -o primes && ./primes
 *
 * The two ways to share the work out, static and dynamic, are in schedules.h.
 */
#include "schedules.h"

int main(int argc, char **argv)
{
    uint64_t threads = 2;
    const struct opt options[] = {{'n', &n, 1, 1000000000000, "count the primes below n"},
                                  {'t', &threads, 1, MAX_THREADS, "threads"},
                                  {'c', &chunk, 1, 1000000000000, "numbers in a chunk"},
                                  {0}};

    read_options(argc, argv, NULL, options);
    printf("count the primes below %" PRIu64 "; shares: of the time each was busy\n", n);
    struct table table = header(" shares\n");
    print_row(&table, "sequential", work_static, 1);
    print_row(&table, "static", work_static, threads);
    print_row(&table, "dynamic", work_dynamic, threads);
    return verdict(&table);
}
