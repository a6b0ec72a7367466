/* The flights file as C sees it, and how good a set of weights is. flights.py writes the file. */
#include <stddef.h>

/* BLOCK: rows that training visits together, 64 KB. Memory is fast only when it is read in order
 * for a while: visiting single rows in random order takes several times as long. */
enum { FEATURES = 32, BLOCK = 512 };

struct flights {
    float *rows;   /* train + test rows of FEATURES each, 64-byte aligned; to be freed */
    float *labels; /* +1: late, -1: on time; behind the rows, in the same memory */
    size_t train, test;
    double lambda, optimum; /* weight of the L2 penalty; smallest possible objective */
};

/* Read the file, or end the program with one line that names the fault. */
struct flights flights_read(const char *path);

/* Mean logistic loss of the training rows plus lambda/2 |weights|^2, in double. */
double flights_objective(const struct flights *flights, const float *weights);

/* Area under the ROC curve of the held-out rows: 0.5 is a coin, 1.0 is perfect. */
double flights_auc(const struct flights *flights, const float *weights);
