/* Options of one letter and a number, and --help. Included by bench.h. */
#pragma once

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

/* Without -t, OpenMP's variable says how many threads. It is looked at before the first loop, where
 * some values make OpenMP hang or crash. */
static inline void set_team(const struct opt *options)
{
    const char *text = getenv("OMP_NUM_THREADS");
    const long long threads = text ? strtoll(text, NULL, 10) : 0; /* of "4,2" the 4 */

    for (const struct opt *o = options; text && o->letter; o++) {
        if (o->letter != 't')
            continue;
        if (threads < 1)
            errx(2, "OMP_NUM_THREADS '%s': expected a whole number from 1", text);
        *o->value = (uint64_t)threads < o->high ? (uint64_t)threads : o->high;
    }
}

/* Return where in argv the words begin: they are moved behind the options, as by getopt. If `words`
 * is NULL, there are none. */
static inline int read_options(int argc, char **argv, const char *words, const struct opt *options)
{
    int kept = 0; /* words, at the beginning of argv */

    setvbuf(stdout, NULL, _IOLBF, 0); /* each row is seen as soon as it is there, in a pipe too */
    for (int i = 1; i < argc; i++) {
        if (words && *argv[i] != '-') {
            argv[++kept] = argv[i];
            continue;
        }
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
    set_team(options);
#endif
    memmove(argv + argc - kept, argv + 1, (size_t)kept * sizeof *argv);
    return argc - kept;
}
