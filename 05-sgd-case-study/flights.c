/* Read and check the flights file. Compiled together with sgd.c, see there. */
#define _GNU_SOURCE /* madvise */
#include "flights.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct header { /* as flights_file.py packs it */
    char magic[8];
    uint64_t checksum;
    uint32_t train, test, features, zero;
    double lambda, optimum, spare[2];
};
_Static_assert(sizeof(struct header) == 64, "the header is one cache line");

static char message[120]; /* what a fault is, when it needs numbers */

/* What is wrong with the header of a file of this size? NULL if nothing is. */
static const char *header_fault(const struct header *header, size_t got, size_t size)
{
    if (size == 0)
        return "the file is empty";
    if (memcmp(header->magic, "FLIGHTS1", got < 8 ? got : 8) != 0)
        return "not a flights file";
    if (got < sizeof *header) {
        snprintf(message, sizeof message, "truncated: %zu bytes, the header alone has %zu", size,
                 sizeof *header);
        return message;
    }
    if (header->features != FEATURES || header->train == 0 || header->train % BLOCK ||
        header->test == 0)
        return "the header is damaged: impossible numbers of rows or features";
    if (!(header->lambda > 0 && header->lambda < 1 && header->optimum > 0 && header->optimum < 1))
        return "the header is damaged: lambda or the optimum is out of range";

    uint64_t rows = (uint64_t)header->train + header->test;
    uint64_t expected = sizeof *header + rows * (FEATURES + 1) * sizeof(float);
    if (size == expected)
        return NULL;
    snprintf(message, sizeof message, "%s: %zu bytes instead of %" PRIu64,
             size < expected ? "truncated" : "too long", size, expected);
    return message;
}

/* Adler-32 (RFC 1950): two sums, so that it also depends on the order of the bytes. */
static uint32_t adler32(uint32_t start, const unsigned char *bytes, size_t n)
{
    uint32_t a = start & 0xffff, b = start >> 16;

    while (n > 0) {
        size_t part = n < 5552 ? n : 5552; /* as many as can be added before a or b overflow */
        for (size_t i = 0; i < part; i++)
            b += a += bytes[i];
        a %= 65521;
        b %= 65521;
        bytes += part;
        n -= part;
    }
    return b << 16 | a;
}

/* What is wrong with the values? NULL if nothing is. */
static const char *value_fault(const struct flights *flights, struct header header)
{
    size_t rows = flights->train + flights->test;
    uint64_t stored = header.checksum;

    for (size_t i = 0; i < rows * FEATURES; i++)
        if (!isfinite(flights->rows[i])) {
            snprintf(message, sizeof message, "row %zu, column %zu is not a finite number",
                     i / FEATURES, i % FEATURES);
            return message;
        }
    for (size_t i = 0; i < rows; i++)
        if (!(flights->labels[i] == 1 || flights->labels[i] == -1)) {
            snprintf(message, sizeof message, "the label of row %zu is neither 1 nor -1", i);
            return message;
        }
    header.checksum = 0;
    uint32_t sum = adler32(1, (const unsigned char *)&header, sizeof header);
    sum = adler32(sum, (const unsigned char *)flights->rows, rows * (FEATURES + 1) * sizeof(float));
    return sum == stored ? NULL : "damaged: its checksum does not match";
}

/* Memory in pages of 2 MB if Linux has them to give: fewer addresses to translate. */
static void *pages(size_t bytes)
{
    size_t page = 1 << 21, whole = (bytes + page - 1) / page * page;
    void *memory = aligned_alloc(page, whole);

#ifdef MADV_HUGEPAGE
    if (memory)
        (void)madvise(memory, whole, MADV_HUGEPAGE); /* a wish: a refusal changes no answer */
#endif
    return memory;
}

static const char *read_open_file(FILE *file, struct flights *flights)
{
    struct header header = {0};
    size_t got = fread(&header, 1, sizeof header, file);

    if (ferror(file) || fseek(file, 0, SEEK_END) != 0)
        return strerror(errno);
    long size = ftell(file);
    const char *fault = header_fault(&header, got, (size_t)size);
    if (fault)
        return fault;

    size_t rows = (size_t)header.train + header.test, body = (size_t)size - sizeof header;
    *flights = (struct flights){.train = header.train,
                                .test = header.test,
                                .lambda = header.lambda,
                                .optimum = header.optimum};
    flights->rows = pages(body);
    if (!flights->rows)
        return "does not fit in memory";
    flights->labels = flights->rows + rows * FEATURES;
    if (fseek(file, sizeof header, SEEK_SET) != 0 || fread(flights->rows, 1, body, file) != body)
        return "cannot be read to its end";
    return value_fault(flights, header);
}

int flights_read(const char *path, struct flights *flights)
{
    *flights = (struct flights){0};
    FILE *file = fopen(path, "rb");
    const char *fault = file ? read_open_file(file, flights) : strerror(errno);

    if (file)
        fclose(file);
    if (!fault)
        return 0;
    flights_free(flights);
    fprintf(stderr, "sgd: %s: %s (to make it anew: make clean build)\n", path, fault);
    return -1;
}

void flights_free(struct flights *flights)
{
    free(flights->rows);
    flights->rows = NULL;
}
