/* A row of the table: how good are the weights that a training has left? Include it after bench.h.
 */
#pragma once
#include "local_sgd.h"

#include <math.h>

/* reached: the objective. right: as far as the caller knows. rest: the columns behind the others.
 */
static inline void row_of_training(struct table *table, const char *version,
                                   const struct training *run, const struct flights *flights,
                                   double reached, int right, const char *rest)
{
    const double above = reached / flights->optimum - 1;
    const int diverged = !(reached < log(2)); /* what weights of zero have; also of NaN */
    const size_t epochs = run->epoch;
    char answer[24] = "diverged", quality[40] = "       -        -       -";

    if (!diverged) {
        snprintf(answer, sizeof answer, "%.6f", reached);
        snprintf(quality, sizeof quality, "%8zu%8.4f%%%8.4f", epochs, 100 * above,
                 flights_auc(flights, run->answer));
    }
    row_of_text(table, version, run->threads, answer, right && fabs(above) <= TOLERANCE, run->took,
                "%s%s\n", quality, rest);
    if (diverged)
        warnx("%s: training diverged: choose a smaller step than -p %.0f", version,
              run->first_step * 1000);
    else if (!(above <= TOLERANCE))
        warnx("%s: not yet within 0.1%%: choose a larger -e than %zu, or another -p", version,
              epochs);
}
