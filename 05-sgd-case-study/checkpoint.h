/* What training can go on from, in a file. Compiled together with sgd_mpi.c, see there. */
#pragma once
#include "local_sgd.h"

struct checkpoint {
    /* The training: what it must have in common with one that goes on. */
    char magic[8];
    uint64_t seed, workers, windows; /* windows: of the whole file */
    double first_step, lambda, optimum;
    /* How far it is. */
    uint64_t epoch;
    float weights[FEATURES], answer[FEATURES];
};

/* Write the file, whole or not at all; a file that cannot be written ends the program. A training
 * that has diverged is not kept. */
void save(const struct training *run, const struct flights *flights, const char *path);

/* Return what is in the file; epoch 0 if there is none. One that cannot be read, or is of another
 * training, or has another length or numbers that cannot be, ends the program. */
struct checkpoint kept(const struct training *run, const struct flights *flights, const char *path);
