/* Local SGD: every thread trains weights of its own, and they are averaged once an epoch. */
#pragma once
#include "../tools/bench.h"

#include "kernels.h"

#include <stdint.h>

enum { MAX_WORKERS = 64 };    /* with more, 20 epochs do not suffice */
enum { MAPPED_WINDOW = 128 }; /* blocks that are read in the file's order, 8 MB */
enum { MOST_EPOCHS = 1000 };
#define FIRST_STEP 0.01 /* step size */
#define TOLERANCE 1e-3  /* training ends within this share of the optimum */

struct training {
    kernel *train;
    char *rows; /* as the kernel wants them, and the labels */
    float *labels;
    size_t row_bytes, blocks;     /* how many blocks of rows to train on */
    size_t window;                /* so many of them are visited one after the other: mostly 1 */
    const struct flights *mapped; /* if the rows are in the file itself: forget what is visited */
    uint32_t *order;              /* of the windows; room for all of them */
    uint64_t threads, seed;
    double first_step;       /* step size of the first epoch */
    const struct team *team; /* NULL: these threads are all the workers there are */
    float step, shrink;      /* of this epoch; see kernels.h */
    float answer[FEATURES];
    size_t epoch, visits;        /* done; windows that they took */
    uint64_t state[MAX_WORKERS]; /* of the order of the windows, or of each worker's own */
    struct took took;            /* seconds spent training; the evaluation is not in them */
};

/* Workers that keep to a part of the file each, and may be in several processes. */
struct team {
    size_t first, workers;                 /* this process's first one; all together */
    size_t windows;                        /* of the whole file */
    void (*add_up)(double *values, int n); /* over the processes; may be NULL */
};

/* Copy the training rows into memory, as FLOATS or HALVES; free those that were there. */
void load_rows(struct training *run, const struct flights *flights, size_t row_bytes);

/* How many windows its blocks make; the last one may be shorter. */
size_t windows(const struct training *run);

/* Forget what was trained. Then each call trains for an epoch, on `n` windows of a new order. */
void begin(struct training *run);
void train_epoch(struct training *run, size_t n, double lambda);

/* The weights with which all workers begin the next epoch. */
const float *weights_of_all(void);

/* After begin(): as if so many epochs had been trained, with these weights and this answer. */
void go_on(struct training *run, size_t epochs, const float *weights, const float *answer);

/* Train from nothing on at most so many windows, epoch by epoch; end after the first epoch that
 * brings the objective within `tolerance` of the optimum, as a share of it. With a tolerance of 0
 * nothing is evaluated and all is trained. */
void train(struct training *run, const struct flights *flights, size_t visits, double tolerance);

/* How far the answer is above the optimum, as a share of it. */
double gap(const struct training *run, const struct flights *flights);
