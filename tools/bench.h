/* What every example needs and none is about: threads, time and rows; options.h reads the options.
 *
 *     uint64_t n = 1000000; // the default
 *     read_options(argc, argv, NULL, (struct opt[]){{'n', &n, 1, 1000000000, "steps"}, {0}});
 *     struct table table = header("\n"); // or with more columns: header("%9s\n", "ns/step")
 *     struct took start = start_clock();
 *     uint64_t steps = count(n);
 *     row(&table, "sequential", 1, steps, steps == n, since(start), "\n");
 *     return verdict(&table); // 0, or 1 after a line that names the rows that are not right
 */
#pragma once
#define _GNU_SOURCE /* include this file first, so that all others see it */
#include <err.h>    /* errx(1, ...): something failed; errx(2, ...): it was asked for wrongly */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 256 };

static inline pthread_t start_thread(void *(*work)(void *), void *argument)
{
    pthread_t thread;

    errno = pthread_create(&thread, NULL, work, argument);
    if (errno)
        err(1, "cannot start a thread");
    return thread;
}

/* Where share i begins when 0..total is cut into so many near-equal shares. */
static inline uint64_t cut(uint64_t total, uint64_t shares, uint64_t i)
{
    return total / shares * i + total % shares * i / shares;
}

static inline double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct took {
    double wall, cpu; /* seconds; cpu: of all threads */
};

static inline struct took since(struct took start)
{
    return (struct took){now(CLOCK_MONOTONIC) - start.wall,
                         now(CLOCK_PROCESS_CPUTIME_ID) - start.cpu};
}

static inline struct took start_clock(void)
{
    return since((struct took){0, 0});
}

struct table {
    double first_wall; /* of the row with which the others are compared */
    char wrong[200];   /* names of the rows that are not right */
};

static inline void cells(struct table *table, const char *version, uint64_t threads,
                         uint64_t answer, const char *text, int right, struct took took)
{
    const size_t used = strlen(table->wrong);

    if (!right)
        snprintf(table->wrong + used, sizeof table->wrong - used, " %s", version);
    if (table->first_wall == 0)
        table->first_wall = took.wall;
    printf("%-16s%8" PRIu64, version, threads);
    text ? printf(" %15s", text) : printf(" %15" PRIu64, answer);
    printf("%#10.4g%8.2f %.2f", took.wall, table->first_wall / took.wall, took.cpu / took.wall);
}

/* What follows `took` is for printf: more columns, if there are any, and the end of the line. */
#define row(table, version, threads, answer, right, took, ...)                                     \
    (cells(table, version, threads, answer, NULL, right, took), printf(__VA_ARGS__))
#define row_of_text(table, version, threads, text, right, took, ...)                               \
    (cells(table, version, threads, 0, text, right, took), printf(__VA_ARGS__))
#define header(...)                                                                                \
    (printf("version          threads          answer   seconds speedup busy" __VA_ARGS__),        \
     (struct table){0})

static inline int verdict(const struct table *table)
{
    if (*table->wrong)
        warnx("wrong answer:%s", table->wrong);
    if (fflush(stdout) != 0 || ferror(stdout))
        errx(1, "cannot write the output");
    return *table->wrong != '\0';
}

#include "options.h"
