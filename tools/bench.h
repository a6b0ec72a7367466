/* What every example needs and none is about: threads, time, rows and options.
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
    const double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);

    return (struct took){wall - start.wall, cpu - start.cpu};
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
    char digits[24];

    if (!right)
        snprintf(table->wrong + used, sizeof table->wrong - used, " %s", version);
    if (table->first_wall == 0)
        table->first_wall = took.wall;
    snprintf(digits, sizeof digits, "%" PRIu64, answer);
    printf("%-16s%8" PRIu64 " %15s%#10.4g%8.2f %.2f", version, threads, text ? text : digits,
           took.wall, table->first_wall / took.wall, took.cpu / took.wall);
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

/* The option -letter NUMBER. *value is the default, and then what the user wants. */
struct opt {
    char letter;
    uint64_t *value, low, high;
    const char *meaning;
};

static inline void set(const struct opt *opt, const char *text)
{
    char *end;

    text += *text == '=';                   /* -n=5, as in Python */
    *opt->value = strtoull(text, &end, 10); /* of what is too large: the largest there is */
    if (*text < '0' || *text > '9' || *end || *opt->value < opt->low || *opt->value > opt->high)
        errx(2, "-%c '%s': expected a whole number from %" PRIu64 " to %" PRIu64, opt->letter, text,
             opt->low, opt->high);
}

static inline void help(const char *program, const char *words, const struct opt *options)
{
    printf("usage: %s [-LETTER NUMBER]...%s\n", program, words ? words : "");
    for (const struct opt *o = options; o->letter; o++)
        printf("  -%c  %s, %" PRIu64 " to %" PRIu64 " (default: %" PRIu64 ")\n", o->letter,
               o->meaning, o->low, o->high, *o->value);
    exit(verdict(&(struct table){0}));
}

/* Without -t, OpenMP's variable says how many threads. Some values make its runtime hang. */
static inline void set_team(const struct opt *opt, const char *text)
{
    const long long threads = strtoll(text, NULL, 10); /* of "4,2" the 4 */

    if (threads < 1)
        errx(2, "OMP_NUM_THREADS '%s': expected a whole number from 1", text);
    *opt->value = (uint64_t)threads < opt->high ? (uint64_t)threads : opt->high;
}

/* Return where in argv the words behind the options begin; if words is NULL, there are none. */
static inline int read_options(int argc, char **argv, const char *words, const struct opt *options)
{
    int i = 1;

    setvbuf(stdout, NULL, _IOLBF, 0); /* each row is seen as soon as it is there, in a pipe too */
    for (; i < argc && (*argv[i] == '-' || !words); i++) {
        const struct opt *o = options;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            help(argv[0], words, options);
        while (o->letter && (*argv[i] != '-' || o->letter != argv[i][1]))
            o++;
        if (!o->letter)
            errx(2, "'%s' is not an option; see --help", argv[i]);
        set(o, argv[i][2] ? argv[i] + 2 : argv[i + 1] ? argv[++i] : "");
        if (o->letter == 't')
            unsetenv("OMP_NUM_THREADS");
    }
#ifdef _OPENMP
    for (const struct opt *o = options; o->letter; o++)
        if (o->letter == 't' && getenv("OMP_NUM_THREADS"))
            set_team(o, getenv("OMP_NUM_THREADS"));
#endif
    return i;
}
