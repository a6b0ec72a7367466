/* Wrong ways to finish the exercise, for the tests: CFLAGS change a part of the solution. */
#include <string.h>

#ifdef COMPARED /* what tells whether an argument has other numbers than doubles */
#define strcmp(format, d) (COMPARED)
#endif
#include "dot.h"

#ifndef HELD /* done just before the loop, with the GIL */
#define HELD
#endif
#ifndef LOOP /* what is done without the GIL */
#define LOOP sum = sum_products(x, y, n)
#endif

static double in_place_of_the_loop(Py_buffer *a, Py_buffer *b, Py_ssize_t n)
{
    const double *x = a->buf, *y = b->buf;
    double sum = 0;
    PyGILState_STATE state = PyGILState_Ensure();

    HELD;
    PyGILState_Release(state);
    LOOP;
    return sum;
}
#define sum_products(a, b, n) in_place_of_the_loop(&x, &y, n)
#include "solution.c"
