/* How large should a chunk be? Count the primes below n with chunks of 1, 16, 256 ... numbers.
 *
 *     cc -O2 -pthread chunks.c -o chunks && ./chunks
 *
 * If the chunks are too small, the threads meet at the counter again and again. If they are too
 * large, the last one keeps one thread busy while the others are done: look at shares.
 */
#include "schedules.h"

int main(int argc, char **argv)
{
    uint64_t threads = 2;
    const struct opt options[] = {{'n', &n, 1, 1000000000000, "count the primes below n"},
                                  {'t', &threads, 1, MAX_THREADS, "threads"},
                                  {0}};

    read_options(argc, argv, NULL, options);
    printf("count the primes below %" PRIu64 "; shares: of the time each was busy\n", n);
    struct table table = header(" shares\n");
    print_row(&table, "sequential", work_static, 1);
    const uint64_t part = (n + threads - 1) / threads;
    for (uint64_t size = 1; size < 16 * part; size *= 16) {
        char name[32];
        chunk = size < part ? size : part; /* the last row: a chunk for each thread */
        snprintf(name, sizeof name, "chunk-%" PRIu64, chunk);
        print_row(&table, name, work_dynamic, threads);
    }
    return verdict(&table);
}
