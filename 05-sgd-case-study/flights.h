/* The flights file as C sees it, and how good a set of weights is. flights.py writes the file. */
#include <stddef.h>

#ifndef FEATURES /* -DFEATURES=800: for a file of other data, see other_data.py */
#define FEATURES 32
#endif
_Static_assert(FEATURES % 32 == 0, "a row is whole registers, in bfloat16 too");

/* BLOCK: rows that training visits together, 64 KB. Memory is fast only when it is read in order
 * for a while: visiting single rows in random order takes several times as long. CHUNK: rows that
 * are read from the file at a time, 2 MB. */
enum { BLOCK = 512, CHUNK = 32 * BLOCK };

/* Both arrays are the file itself, mapped into memory: what is touched is read. */
struct flights {
    const float *rows;   /* train + test rows of FEATURES each, 64-byte aligned */
    const float *labels; /* +1: late, -1: on time */
    size_t train, test;
    double lambda, optimum; /* weight of the L2 penalty; smallest possible objective */
};

/* The file of data: the one word that may stand behind the options, see read_options(). */
const char *flights_path(int argc, char **argv, int first);

/* Map the file, or end the program with one line that names the fault. */
struct flights flights_map(const char *path);

/* The same in two steps: look at its header only; and at the rows low..high. */
struct flights flights_open(const char *path);
void flights_check(const struct flights *flights, size_t low, size_t high, const char *path);

/* Give the memory of these rows back; when they are touched again they are read again. */
void flights_forget(const struct flights *flights, size_t row, size_t rows);

/* Mean logistic loss of the training rows plus lambda/2 |weights|^2, in double. */
double flights_objective(const struct flights *flights, const float *weights);

/* Mean logistic loss of the held-out rows. */
double flights_loss(const struct flights *flights, const float *weights);

/* Area under the ROC curve of the held-out rows: 0.5 is a coin, 1.0 is perfect. */
double flights_auc(const struct flights *flights, const float *weights);
