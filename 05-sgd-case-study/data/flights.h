/* The flights file as C sees it: make_flights.py writes it. Include this after bench.h. */
#pragma once
#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { FEATURES = 32, BLOCK = 512 };

struct flights {
    const float (*rows)[FEATURES]; /* the first `train` are to train on, `test` are held out */
    const float *labels;           /* +1: late, -1: on time */
    size_t train, test;
    double lambda, optimum; /* weight of the L2 penalty; smallest possible objective */
};

struct flights_header {
    char magic[8];
    uint32_t train, test, features, zero;
    double lambda, optimum, spare[3];
};

/* Map the file into memory, or end the program with one line. */
static inline struct flights map_flights(const char *path)
{
    const int file = open(path, O_RDONLY);
    struct stat about = {.st_size = 0};

    if (file < 0 || fstat(file, &about) != 0)
        err(2, "%s", path);
    const size_t size = (size_t)about.st_size, header_size = sizeof(struct flights_header);
    const struct flights_header *header =
        mmap(NULL, size ? size : 1, PROT_READ, MAP_SHARED, file, 0);
    if (header == MAP_FAILED)
        err(2, "%s", path);
    const size_t n = size < header_size ? 0 : (size_t)header->train + header->test;
    if (!n || memcmp(header->magic, "FLIGHTS2", 8) != 0 || header->features != FEATURES ||
        !header->train || header->train % BLOCK || !header->test ||
        !(header->lambda > 0 && header->lambda < 1 && header->optimum > 0 && header->optimum < 1) ||
        size != header_size + n * (FEATURES + 1) * sizeof(float))
        errx(2, "%s: not a flights file, or damaged (rm -f %s; make %s)", path, path, path);
    close(file);
    const float (*rows)[FEATURES] = (const void *)(header + 1);
    return (struct flights){rows,         rows[n],        header->train,
                            header->test, header->lambda, header->optimum};
}

/* The mean logistic loss of the training rows plus lambda/2 |weights|^2, in double. */
static inline double objective(const struct flights *flights, const float *weights)
{
    double loss = 0, squares = 0;

    for (size_t i = 0; i < flights->train; i++) {
        double margin = 0;
        for (int j = 0; j < FEATURES; j++)
            margin += (double)weights[j] * (double)flights->rows[i][j];
        loss += log1p(exp(-(double)flights->labels[i] * margin));
    }
    for (int j = 0; j < FEATURES; j++)
        squares += (double)weights[j] * (double)weights[j];
    return loss / (double)flights->train + flights->lambda / 2 * squares;
}
