/* Which part of the plane a picture shows, and the options that are no whole numbers. Include it
 * after bench.h. */
#pragma once
#include <math.h>

struct view {
    double x, y, width; /* of the middle, and from the left edge to the right one */
};

/* Where on its axis the middle of pixel i of n is. */
static inline double center(double middle, size_t i, size_t n, double width)
{
    return middle + ((double)i + 0.5 - (double)n / 2) * width / (double)n;
}

/* Take the option `name` and the text behind it out of argv, wherever they are; return the text, or
 * NULL if they are not there. */
static inline const char *take_option(int *argc, char **argv, const char *name)
{
    const char *text = NULL;
    int kept = 0;

    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], name) != 0)
            argv[kept++] = argv[i];
        else if (!(text = argv[++i])) /* argv ends with a NULL */
            errx(2, "%s: expected a value behind it", name);
    }
    argv[kept] = NULL;
    *argc = kept;
    return text;
}

/* Read X,Y,WIDTH into *view, if there is a text. */
static inline void read_view(const char *text, struct view *view)
{
    int end = 0;

    if (!text)
        return;
    if (sscanf(text, "%lf,%lf,%lf%n", &view->x, &view->y, &view->width, &end) != 3 || text[end] ||
        !isfinite(view->x) || !isfinite(view->y) || !(view->width > 0) || !isfinite(view->width))
        errx(2, "-v '%s': expected X,Y,WIDTH, three numbers, the last above 0", text);
}
