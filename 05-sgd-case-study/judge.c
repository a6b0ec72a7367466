/* How good is a set of weights? In double, and outside every clock. Compiled together with sgd.c,
 * see there; flights_file.py is the same in Python.
 */
#include "flights.h"

#include <math.h>
#include <stdlib.h>

static double margin(const float *row, const float *weights)
{
    double sum = 0;

    for (size_t j = 0; j < FEATURES; j++)
        sum += (double)row[j] * weights[j];
    return sum;
}

static double mean_loss(const struct flights *flights, const float *weights, size_t low,
                        size_t high)
{
    double loss = 0;

    for (size_t i = low; i < high; i++) {
        double m = flights->labels[i] * margin(flights->rows + i * FEATURES, weights);
        loss += m > 0 ? log1p(exp(-m)) : log1p(exp(m)) - m; /* neither can overflow */
        if (i % CHUNK == CHUNK - 1 || i + 1 == high)
            flights_forget(flights, i / CHUNK * CHUNK, i % CHUNK + 1);
    }
    return loss / (double)(high - low);
}

double flights_objective(const struct flights *flights, const float *weights)
{
    double squares = 0;

    for (size_t j = 0; j < FEATURES; j++)
        squares += (double)weights[j] * weights[j];
    return mean_loss(flights, weights, 0, flights->train) + flights->lambda / 2 * squares;
}

double flights_loss(const struct flights *flights, const float *weights)
{
    return mean_loss(flights, weights, flights->train, flights->train + flights->test);
}

struct scored {
    double margin;
    float label;
};

static int by_margin(const void *left, const void *right)
{
    double a = ((const struct scored *)left)->margin, b = ((const struct scored *)right)->margin;

    return (a > b) - (a < b);
}

/* The chance that a late flight gets a larger margin than one on time; a tie counts half. */
double flights_auc(const struct flights *flights, const float *weights)
{
    struct scored *scored = malloc(flights->test * sizeof *scored);
    double pairs = 0, late = 0, on_time = 0;

    if (!scored)
        return NAN;
    for (size_t i = 0; i < flights->test; i++) {
        size_t row = flights->train + i;
        scored[i].margin = margin(flights->rows + row * FEATURES, weights);
        scored[i].label = flights->labels[row];
    }
    flights_forget(flights, flights->train, flights->test);
    qsort(scored, flights->test, sizeof *scored, by_margin);
    for (size_t low = 0, high; low < flights->test; low = high) { /* low..high: equal margins */
        double tied_late = 0;
        for (high = low; high < flights->test && !(scored[high].margin > scored[low].margin);
             high++)
            tied_late += scored[high].label > 0;
        double tied_on_time = (double)(high - low) - tied_late;
        pairs += tied_late * (on_time + tied_on_time / 2);
        late += tied_late;
        on_time += tied_on_time;
    }
    free(scored);
    return pairs / (late * on_time);
}
