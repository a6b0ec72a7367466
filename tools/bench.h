/* What every example needs and none is about: options, threads, clocks and rows.
 *
 *     uint64_t n = 1000000; // the default
 *     read_options(argc, argv, NULL, (struct opt[]){{'n', &n, 1, 1000000000, "steps"}, {0}});
 *     header("\n"); // or with more columns: header("%9s\n", "ns/step")
 *     start_clock();
 *     uint64_t steps = count(n);
 *     stop_clock();
 *     row("sequential", 1, steps, steps == n, "\n"); // or "%9.2f\n", wall / n * 1e9
 *     return verdict(); // 0, or 1 after a line that names the rows that are not right
 */
#pragma once
#define _GNU_SOURCE /* include this file first, so that all others see it */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 256 };
__attribute__((weak)) const char *program = "program"; /* weak: one for all files of a program */

/* Say one line and end: with code 1 if something failed, 2 if it was asked for wrongly. */
#define fail(code, ...)                                                                            \
    (fprintf(stderr, "%s: ", program), fprintf(stderr, __VA_ARGS__), fputc('\n', stderr),          \
     exit(code))

/* The option -letter NUMBER. *value is the default, and then what the user wants. */
struct opt {
    char letter;
    uint64_t *value, low, high;
    const char *meaning;
};

static inline void set(const struct opt *opt, const char *name, const char *text, char end)
{
    char *rest;
    uint64_t value = strtoull(text, &rest, 10); /* of what is too large: the largest there is */

    if (text[0] < '0' || text[0] > '9' || (*rest && *rest != end) || value < opt->low ||
        value > opt->high)
        fail(2, "%s '%s': expected a whole number from %" PRIu64 " to %" PRIu64, name, text,
             opt->low, opt->high);
    *opt->value = value;
}

static inline void help(const char *words, const struct opt *options)
{
    printf("usage: %s [-LETTER NUMBER]...%s\n", program, words ? words : "");
    for (const struct opt *o = options; o->letter; o++)
        printf("  -%c  %s, %" PRIu64 " to %" PRIu64 " (default: %" PRIu64 ")\n", o->letter,
               o->meaning, o->low, o->high, *o->value);
    exit(0);
}

/* Return where in argv the words behind the options begin; if words is NULL, there are none. */
static inline int read_options(int argc, char **argv, const char *words, const struct opt *options)
{
    char letters[64] = "h", name[] = "-?";
    const struct opt *known[128] = {0};

    setvbuf(stdout, NULL, _IOLBF, 0); /* each row is seen as soon as it is there, in a pipe too */
    program = argv[0] = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    for (const struct opt *o = options; o->letter; o++) {
        snprintf(letters + strlen(letters), 3, "%c:", o->letter);
        known[(int)o->letter] = o;
#ifdef _OPENMP /* looked at before its first loop: some values make a runtime hang or crash */
        if (o->letter == 't' && getenv("OMP_NUM_THREADS"))
            set(o, "OMP_NUM_THREADS", getenv("OMP_NUM_THREADS"), ','); /* of "4,2" the 4 */
#endif
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        help(words, options);
    for (int letter; (letter = getopt(argc, argv, letters)) != -1;) {
        if (!known[letter]) /* if not -h, getopt has said what is wrong */
            letter == 'h' ? help(words, options) : exit(2);
        name[1] = (char)letter;
        set(known[letter], name, optarg, '\0');
    }
    if (optind < argc && !words)
        fail(2, "'%s' is not an option; see --help", argv[optind]);
    return optind;
}

/* Where share i begins when 0..total is cut into so many near-equal shares. */
static inline uint64_t cut(uint64_t total, uint64_t shares, uint64_t i)
{
    return total / shares * i + total % shares * i / shares;
}

static inline pthread_t start_thread(void *(*work)(void *), void *argument)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, work, argument);

    if (error)
        fail(1, "cannot start a thread: %s", strerror(error));
    return thread;
}

static inline double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double wall, cpu, first_wall; /* seconds of the last row, and of the first */
static char wrong_rows[200];         /* their names */

static inline void start_clock(void)
{
    wall = now(CLOCK_MONOTONIC);
    cpu = now(CLOCK_PROCESS_CPUTIME_ID);
}

static inline void stop_clock(void)
{
    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
}

static inline void cells(const char *version, uint64_t threads, uint64_t answer, const char *text,
                         int right)
{
    char digits[24], *end = wrong_rows + strlen(wrong_rows);

    if (!right)
        snprintf(end, sizeof wrong_rows - (size_t)(end - wrong_rows), " %s", version);
    first_wall = first_wall > 0 ? first_wall : wall;
    snprintf(digits, sizeof digits, "%" PRIu64, answer);
    printf("%-16s%8" PRIu64 " %15s%#10.4g%8.2f %.2f", version, threads, text ? text : digits, wall,
           first_wall / wall, cpu / wall);
}

/* What follows `right` is for printf: more columns, if there are any, and the end of the line. */
#define row(name, t, answer, right, ...) (cells(name, t, answer, NULL, right), printf(__VA_ARGS__))
#define row_of_text(name, t, text, right, ...) (cells(name, t, 0, text, right), printf(__VA_ARGS__))
#define header(...)                                                                                \
    printf("version          threads          answer   seconds speedup busy" __VA_ARGS__)

static inline int verdict(void)
{
    if (*wrong_rows)
        fprintf(stderr, "%s: wrong answer:%s\n", program, wrong_rows);
    return *wrong_rows || ferror(stdout);
}
