/* Local SGD: every thread trains weights of its own, and they are averaged once an epoch. */
#include "kernels.h"

#include <stdint.h>

enum { MAX_WORKERS = 64 }; /* with more, 20 epochs do not suffice */

struct training {
    kernel *train;
    uint64_t threads, epochs, seed; /* epochs: as many as it took */
    size_t blocks;                  /* at least one a thread */
    uint32_t *order;                /* room for `blocks` */
    float answer[FEATURES];
    double wall, cpu; /* seconds spent training; the evaluation is not in them */
};

/* Train from nothing for at most `epochs`; end after the first that brings the objective within
 * `tolerance` of the optimum, as a share of it. With a tolerance of 0 nothing is evaluated and all
 * epochs are trained. */
void train(struct training *run, const struct flights *flights, uint64_t epochs, double tolerance);
