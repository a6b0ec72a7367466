/* What training can go on from, in a file. Compiled together with sgd_mpi.c, see there. */
#pragma once
#include "local_sgd.h"

/* Write the file, whole or not at all; a file that cannot be written ends the program. */
void save(const struct training *run, const char *path);

/* Go on from the file if there is one, after begin(); one of another training ends the program. */
void resume(struct training *run, const char *path);
