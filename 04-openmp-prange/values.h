/* What reduction.c and float_sum.c add up: n hashes of 1, 2, 3 ... (splitmix64; Steele, Lea and
 * Flood 2014) of 24 bits, which a float holds exactly. To be freed. Include it after bench.h. */
#pragma once
#include "../tools/memory.h"

static inline uint32_t *make_values(size_t n)
{
    uint32_t *const values = memory(n * sizeof *values);

    for (size_t i = 0; i < n; i++) {
        uint64_t z = (i + 1) * 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        values[i] = (uint32_t)((z ^ z >> 31) >> 40);
    }
    return values;
}
