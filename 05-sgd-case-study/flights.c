/* Read the flights file. Compiled together with sgd.c, see there.
 *
 * What is checked is what keeps the loops inside the memory, and numbers finite: `make` wrote it.
 */
#include "../tools/bench.h"

#include "../tools/memory.h"
#include "flights.h"
#include <errno.h>
#include <math.h>

struct header { /* as flights_file.py packs it */
    char magic[8];
    uint32_t train, test, features, zero;
    double lambda, optimum, spare[3];
};
_Static_assert(sizeof(struct header) == 64, "the header is one cache line");

static void refuse(const char *path, const char *fault)
{
    fail(2, "%s: %s (make clean build makes build/flights.bin)", path, fault);
}

static void check_header(const char *path, const struct header *header, long size)
{
    const uint64_t rows = (uint64_t)header->train + header->test;

    if (header->features != FEATURES || !header->train || header->train % BLOCK || !header->test ||
        !(header->lambda > 0 && header->lambda < 1 && header->optimum > 0 && header->optimum < 1))
        refuse(path, "its header is damaged");
    if ((uint64_t)size != sizeof *header + rows * (FEATURES + 1) * sizeof(float))
        refuse(path, "its length does not fit its header");
}

static float *read_values(const char *path, FILE *file, size_t values)
{
    float *data = memory(values * sizeof *data);

    if (fread(data, sizeof *data, values, file) != values)
        refuse(path, "cannot be read to its end");
    for (size_t i = 0; i < values; i++)
        if (!isfinite(data[i]))
            refuse(path, "a number in it is not finite");
    return data;
}

struct flights flights_read(const char *path)
{
    struct header header = {0};
    FILE *file = fopen(path, "rb");

    if (!file || fseek(file, 0, SEEK_END) != 0)
        refuse(path, strerror(errno));
    const long size = ftell(file);
    rewind(file);
    if (fread(&header, sizeof header, 1, file) != 1 ||
        memcmp(header.magic, "FLIGHTS2", sizeof header.magic) != 0)
        refuse(path, "not a flights file");
    check_header(path, &header, size);

    const size_t rows = (size_t)header.train + header.test;
    float *data = read_values(path, file, rows * (FEATURES + 1));
    fclose(file);
    return (struct flights){.rows = data,
                            .labels = data + rows * FEATURES,
                            .train = header.train,
                            .test = header.test,
                            .lambda = header.lambda,
                            .optimum = header.optimum};
}
