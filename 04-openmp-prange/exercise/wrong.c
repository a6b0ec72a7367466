/* Right and wrong ways to finish the exercise, for the tests: CFLAGS fill in SHARE, ROW and SET. */
#include "pixel.h"

#include <stdlib.h>

#define OMP(...) _Pragma(#__VA_ARGS__)

void blur(ptrdiff_t rows, ptrdiff_t columns, const uint8_t image[rows][columns],
          uint8_t blurred[rows][columns], int threads)
{
    int sums[MOST]; /* all threads have this one, unless each ROW declares its own */

    SHARE
    for (ptrdiff_t r = 0; r < rows; r++) {
        const ptrdiff_t up = r > 0 ? r - 1 : r, down = r < rows - 1 ? r + 1 : r;
        ROW
        {
            for (ptrdiff_t c = 0; c < columns; c++)
                sums[c] = image[up][c] + image[r][c] + image[down][c];
            for (ptrdiff_t c = 0; c < columns; c++)
                SET(&blurred[r][c], sums[c ? c - 1 : 0] + sums[c] + sums[c + (c < columns - 1)]);
        }
    }
}
