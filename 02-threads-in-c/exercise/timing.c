/* How fast is the reader's histogram()? For information: check.py prints it, and judges no clock.
 *
 *     cc -O2 -pthread -include timing.c solution.c -o timing && ./timing
 *
 * Like harness.c, it is compiled in front of the reader's file, and has the only main.
 */
#define _GNU_SOURCE /* before any header: the reader's own comes too late */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { CHECK_BINS = 64, CHECK_N = 4000000 };

void histogram(const uint32_t *values, size_t n, size_t threads, uint64_t bins[CHECK_BINS]);

static uint32_t check_values[CHECK_N];

static double check_seconds(size_t threads)
{
    uint64_t bins[CHECK_BINS];
    struct timespec start, end;

    clock_gettime(CLOCK_MONOTONIC, &start);
    histogram(check_values, CHECK_N, threads, bins);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return difftime(end.tv_sec, start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9;
}

/* Print the seconds on one thread and on two, the best of five. */
int main(void)
{
    double best[2] = {1e9, 1e9};
    uint32_t seed = 1;

    for (int i = 0; i < CHECK_N; i++)
        check_values[i] = seed = seed * 1664525 + 1013904223;
    for (size_t i = 0; i < 10; i++) {
        double seconds = check_seconds(i % 2 + 1);
        best[i % 2] = seconds < best[i % 2] ? seconds : best[i % 2];
    }
    printf("\n%.5f %.5f\n", best[0], best[1]);
    return 0;
}

#define main check_not_the_readers_main
