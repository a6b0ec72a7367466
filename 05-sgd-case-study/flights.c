/* Map the flights file into memory. Compiled together with sgd.c, see there.
 *
 * What is checked is what keeps the loops inside the memory, and numbers finite: `make` wrote it.
 */
#include "../tools/bench.h"

#include "flights.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

const char *flights_path(int argc, char **argv, int first)
{
    if (first + 1 < argc)
        errx(2, "'%s' is one file too many; see --help", argv[first + 1]);
    return first < argc ? argv[first] : "build/flights.bin";
}

struct header { /* as flights_file.py packs it */
    char magic[8];
    uint32_t train, test, features, zero;
    double lambda, optimum, spare[3];
};
_Static_assert(sizeof(struct header) == 64, "the header is one cache line");

static void refuse(const char *path, const char *fault)
{
    errx(2, "%s: %s (rm -f build/flights.bin; make build: makes it anew)", path, fault);
}

static void check_header(const char *path, const struct header *header, uint64_t size)
{
    const uint64_t rows = (uint64_t)header->train + header->test;

    if (memcmp(header->magic, "FLIGHTS2", sizeof header->magic) != 0)
        refuse(path, "not a flights file");
    if (!header->train || header->train % BLOCK || !header->test ||
        !(header->lambda > 0 && header->lambda < 1 && header->optimum > 0 && header->optimum < 1))
        refuse(path, "its header is damaged");
    if (header->features != FEATURES)
        errx(2, "%s: its rows have %u features instead of %d", path, header->features, FEATURES);
    if (size != sizeof *header + rows * (FEATURES + 1) * sizeof(float))
        refuse(path, "its length does not fit its header");
}

static int all_finite(const float *values, size_t n)
{
    uint32_t bad = 0, bits;

    for (size_t i = 0; i < n; i++) { /* an exponent of ones only: infinite, or not a number */
        memcpy(&bits, &values[i], sizeof bits);
        bad |= (bits & 0x7f800000) == 0x7f800000;
    }
    return !bad;
}

static const void *map(const char *path, size_t *size)
{
    const int file = open(path, O_RDONLY);
    struct stat about;
    void *start = MAP_FAILED;

    if (file < 0 || fstat(file, &about) != 0)
        refuse(path, strerror(errno));
    *size = S_ISREG(about.st_mode) ? (size_t)about.st_size : 0;
    if (*size < sizeof(struct header))
        refuse(path, "not a flights file");
    start = mmap(NULL, *size, PROT_READ, MAP_SHARED, file, 0);
    if (start == MAP_FAILED)
        refuse(path, strerror(errno));
    close(file);
    return start;
}

struct flights flights_open(const char *path)
{
    size_t size = 0;
    const struct header *header = map(path, &size);

    check_header(path, header, size);
    const float *values = (const float *)(header + 1);
    return (struct flights){.rows = values,
                            .labels = values + ((size_t)header->train + header->test) * FEATURES,
                            .train = header->train,
                            .test = header->test,
                            .lambda = header->lambda,
                            .optimum = header->optimum};
}

void flights_check(const struct flights *flights, size_t low, size_t high, const char *path)
{
    for (size_t row = low; row < high; row += CHUNK) {
        const size_t n = high - row < CHUNK ? high - row : CHUNK;
        if (!all_finite(flights->rows + row * FEATURES, n * FEATURES) ||
            !all_finite(flights->labels + row, n))
            refuse(path, "a number in it is not finite");
        flights_forget(flights, row, n);
    }
}

struct flights flights_map(const char *path)
{
    struct flights flights = flights_open(path);

    flights_check(&flights, 0, flights.train + flights.test, path);
    return flights;
}

static void forget(const float *values, size_t n)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE),
                    start = (uintptr_t)values / page * page;

    /* A wish: a refusal costs memory and changes no answer. */
    (void)madvise((void *)start, (uintptr_t)(values + n) - start, MADV_DONTNEED);
}

void flights_forget(const struct flights *flights, size_t row, size_t rows)
{
    forget(flights->rows + row * FEATURES, rows * FEATURES);
    forget(flights->labels + row, rows);
}
