/* Options of one letter and a number, and --help. Included by bench.h. */
#pragma once
#include <getopt.h>

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

#ifdef _OPENMP
#include <omp.h>
/* OpenMP's variable is the default of -t. It is taken away before the first loop, where some values
 * make OpenMP hang or crash. The other variables OpenMP has read before main. */
static inline void set_team(const struct opt *t)
{
    const char *text = getenv("OMP_NUM_THREADS");
    const long long threads = text ? strtoll(text, NULL, 10) : 0; /* of "4,2" the 4 */

    if (threads > 0)
        *t->value = (uint64_t)threads < t->high ? (uint64_t)threads : t->high;
    unsetenv("OMP_NUM_THREADS");
    omp_set_dynamic(0);
    omp_set_max_active_levels(1);
    if (omp_get_proc_bind() != omp_proc_bind_false || omp_get_thread_limit() < MAX_THREADS)
        warnx("variables of OpenMP pin or limit the threads here; see OMP_DISPLAY_ENV=true");
}
#endif

/* Return where in argv the words begin: getopt moves them behind the options. If `words` is NULL,
 * there are none. */
static inline int read_options(int argc, char **argv, const char *words, const struct opt *options)
{
    const struct option help_too[] = {{"help", no_argument, NULL, 'h'}, {0}};
    char letters[100] = "h", *end = letters + 1;
    const struct opt *o;

    setvbuf(stdout, NULL, _IOLBF, 0); /* each row is seen as soon as it is there, in a pipe too */
    for (o = options; o->letter; o++) {
        end += sprintf(end, "%c:", o->letter);
#ifdef _OPENMP
        if (o->letter == 't')
            set_team(o);
#endif
    }
    for (int letter; (letter = getopt_long(argc, argv, letters, help_too, NULL)) != -1;) {
        if (letter == '?')
            exit(2); /* getopt has said why */
        if (letter == 'h')
            help(argv[0], words, options);
        for (o = options; o->letter != letter;)
            o++;
        set(o, optarg);
    }
    if (!words && optind < argc)
        errx(2, "'%s' is not an option; see --help", argv[optind]);
    return optind;
}
