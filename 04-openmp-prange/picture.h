/* A picture of who computed what, as a PNG: brightness is a pixel's count, hue the thread of its
 * row.
 *
 * The pixels are stored as they are (deflate's "stored" blocks), so no library is needed. Formats:
 * https://www.w3.org/TR/png/ and RFC 1950, 1951. */
#pragma once
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HUES = 8, LEVELS = 32 };

/* Colours that colour-blind people can tell apart (Okabe and Ito 2008). */
static const uint8_t hues[HUES][3] = {{86, 180, 233},  {230, 159, 0},  {0, 158, 115},
                                      {204, 121, 167}, {0, 114, 178},  {213, 94, 0},
                                      {240, 228, 66},  {180, 180, 180}};

/* 0 to LEVELS - 1, on a logarithmic scale: most counts are small. */
static inline uint8_t level_of(uint32_t count, uint32_t most)
{
    return (uint8_t)((LEVELS - 1) * log1p(count) / log1p(most));
}

static inline uint32_t crc(uint32_t sum, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return sum;
}

static inline uint8_t *big_endian(uint8_t *to, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *to++ = (uint8_t)(value >> shift);
    return to;
}

/* A chunk: the length of its data, its type and data, and a checksum of both. */
static inline void put_chunk(FILE *file, const char *type, const uint8_t *data, size_t n)
{
    uint8_t head[8], tail[4];

    memcpy(big_endian(head, (uint32_t)n), type, 4);
    big_endian(tail, ~crc(crc(~0U, head + 4, 4), data, n));
    fwrite(head, 1, sizeof head, file);
    fwrite(data, 1, n, file);
    fwrite(tail, 1, sizeof tail, file);
}

static inline void put_header(FILE *file, size_t width, size_t height)
{
    uint8_t header[13], palette[HUES * LEVELS][3];

    big_endian(big_endian(header, (uint32_t)width), (uint32_t)height);
    memcpy(header + 8, "\x08\x03\0\0", 5); /* 8 bits a pixel, which say its place in the palette */
    for (int i = 0; i < HUES * LEVELS; i++)
        for (int c = 0; c < 3; c++)
            palette[i][c] = (uint8_t)(hues[i / LEVELS][c] * (8 + i % LEVELS) / (7 + LEVELS));
    fwrite("\x89PNG\r\n\x1a\n", 1, 8, file);
    put_chunk(file, "IHDR", header, sizeof header);
    put_chunk(file, "PLTE", palette[0], sizeof palette);
}

/* A row's bytes as stored blocks, each with its length and that length's complement. A checksum
 * (Adler-32) of all rows goes along. */
static inline uint8_t *store(uint8_t *to, const uint8_t *row, size_t left, uint32_t adler[2])
{
    while (left > 0) {
        const uint16_t n = left < UINT16_MAX ? (uint16_t)left : UINT16_MAX;
        const uint8_t head[5] = {0, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n, (uint8_t)(~n >> 8)};
        memcpy(memcpy(to, head, 5) + 5, row, n);
        for (size_t i = 0; i < n; i++) {
            adler[0] = (adler[0] + row[i]) % 65521;
            adler[1] = (adler[1] + adler[0]) % 65521;
        }
        to += 5 + n, row += n, left -= n;
    }
    return to;
}

/* The same counts once for each panel, side by side: its hues are the owners of the rows. */
struct picture {
    const uint32_t *counts; /* rows x columns, at most `most` */
    const uint8_t *owners;  /* panels x rows: the thread that computed the row */
    size_t rows, columns, panels;
    uint32_t most;
};

static inline void put_pixels(FILE *file, const struct picture *p, uint8_t *row, uint8_t *data)
{
    const size_t width = p->panels * p->columns;
    uint8_t *end = (uint8_t *)memcpy(data, "\x78\x01", 2) + 2;
    uint32_t adler[2] = {1, 0};

    for (size_t r = 0; r < p->rows; r++) {
        row[0] = 0; /* no filter */
        for (size_t i = 0; i < width; i++) {
            const uint8_t level = level_of(p->counts[r * p->columns + i % p->columns], p->most);
            const uint8_t owner = p->owners[i / p->columns * p->rows + r];
            row[1 + i] = (uint8_t)(owner % HUES * LEVELS + level);
        }
        end = store(end, row, 1 + width, adler);
    }
    end = (uint8_t *)memcpy(end, "\x01\0\0\xff\xff", 5) + 5; /* the last block, an empty one */
    end = big_endian(end, adler[1] << 16 | adler[0]);
    put_chunk(file, "IDAT", data, (size_t)(end - data));
}

/* Write it to a file that is there in full or not at all; return 0, or errno's reason. */
static inline int write_picture(const char *path, const struct picture *p)
{
    const size_t width = p->panels * p->columns;
    char unfinished[4096];
    struct stat old;

    if (stat(path, &old) == 0 && !S_ISREG(old.st_mode))
        return EEXIST; /* a folder or a device: not to be replaced */
    if (snprintf(unfinished, sizeof unfinished, "%s.part", path) >= (int)sizeof unfinished)
        return ENAMETOOLONG;
    const size_t size = 20 + p->rows * (1 + width + (width / UINT16_MAX + 1) * 5);
    if (size > INT32_MAX)
        return EFBIG; /* for one chunk */
    uint8_t *row = malloc(1 + width), *data = malloc(size);
    FILE *file = row && data ? fopen(unfinished, "wb") : NULL;
    int error = file ? 0 : row && data ? errno : ENOMEM;
    if (file) {
        put_header(file, width, p->rows);
        put_pixels(file, p, row, data);
        put_chunk(file, "IEND", data, 0);
        error = ferror(file) ? errno : 0;
        if (fclose(file) != 0 || error || rename(unfinished, path) != 0) {
            error = error ? error : errno;
            remove(unfinished);
        }
    }
    free(row);
    free(data);
    return error;
}
