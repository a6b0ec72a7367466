/* How the rows lie in memory: as floats, or as bfloat16, a float without its lower 16 bits. Two of
 * those fit a word, so a row of 32 features fits a cache line. About 3 digits are left: enough for
 * features, not for weights. Compiled together with sgd.c, see there.
 */
#include "../tools/bench.h"

#include "../tools/memory.h"
#include "local_sgd.h"

static uint32_t rounded(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000; /* to the nearest; half way: to even */
}

/* Word j holds feature j in its upper half, and in its lower half one of the second half. */
static void pack_row(uint32_t packed[FEATURES / 2], const float row[FEATURES])
{
    for (int j = 0; j < FEATURES / 2; j++)
        packed[j] = rounded(row[j]) | rounded(row[j + FEATURES / 2]) >> 16;
}

void load_rows(struct training *run, const struct flights *flights, size_t bytes)
{
    const size_t n = run->blocks * BLOCK;

    free(run->rows);
    run->row_bytes = bytes;
    run->rows = memory(n * (bytes + sizeof(float)));
    run->labels = (float *)(run->rows + n * bytes);
    for (size_t i = 0; i < n; i++) {
        const float *row = flights->rows + i * FEATURES;
        if (bytes == HALVES)
            pack_row((uint32_t *)(run->rows + i * bytes), row);
        else
            memcpy(run->rows + i * bytes, row, bytes);
        run->labels[i] = flights->labels[i];
        if (i % BLOCK == BLOCK - 1)
            flights_forget(flights, i / BLOCK * BLOCK, BLOCK);
    }
}
