/* What the exercise's files share: the task, and a main that tries it on four threads. */
#pragma once
#include "../../tools/bench.h"

enum { BINS = 64 };
#define BIN_OF(value) ((value) % BINS) /* the check puts in a rule of its own */

/* Count into bins how many of the n values belong to each. */
void histogram(const uint32_t *values, size_t n, size_t threads, uint64_t bins[BINS]);

#ifndef CHECKED
int main(void)
{
    enum { N = 4000000, THREADS = 4 };
    static uint32_t values[N];
    uint64_t bins[BINS], counted = 0;
    uint32_t seed = 1;

    for (int i = 0; i < N; i++)
        values[i] = (seed = seed * 1664525 + 1013904223) >> 8;
    histogram(values, N, THREADS, bins);
    for (int bin = 0; bin < BINS; bin++)
        counted += bins[bin];
    printf("%" PRIu64 " of %d values are in the bins\n", counted, N);
    return counted != N;
}
#endif
