/* What the exercise's files share: set_pixel(), and a main that tries blur() on four threads. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 4096 }; /* rows, and columns */

#ifndef CHECKED /* the check has one of its own, which sees which thread sets which pixel */
/* Set a pixel to the mean of nine, rounded; sum is theirs. */
static inline void set_pixel(uint8_t *pixel, int sum)
{
    *pixel = (uint8_t)((sum + 4) / 9);
}
#endif

/* Blur image into blurred; at an edge, the pixels beyond it are taken to be like those on it. */
void blur(ptrdiff_t rows, ptrdiff_t columns, const uint8_t image[rows][columns],
          uint8_t blurred[rows][columns], int threads);

#if !defined CHECKED && !defined Py_PYTHON_H /* a module of Cython has no main */
int main(void)
{
    enum { ROWS = 1080, COLUMNS = 1920 };
    static uint8_t image[ROWS][COLUMNS], serial[ROWS][COLUMNS], parallel[ROWS][COLUMNS];

    for (unsigned i = 0; i < ROWS * COLUMNS; i++)
        image[i / COLUMNS][i % COLUMNS] = (uint8_t)(i * 2654435761u >> 24);
    blur(ROWS, COLUMNS, image, serial, 1);
    blur(ROWS, COLUMNS, image, parallel, 4);
    int wrong = memcmp(serial, parallel, sizeof serial) != 0;
    printf("4 threads make %s picture as 1\n", wrong ? "not the same" : "the same");
    return wrong;
}
#endif
