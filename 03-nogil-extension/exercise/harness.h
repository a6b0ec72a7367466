/* What check.py compiles in front of the reader's file, to see what the threads do in there.
 * probe.py sets and reads the variables. PRODUCT, in the loop, lets threads wait for each other. */
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../tools/meet.h"

#ifndef PATIENCE
#define PATIENCE 20 /* seconds: threads that can meet do so at once */
#endif

atomic_int check_wanted; /* so many threads are to meet in the loop; 0: nobody waits */
atomic_int check_held;   /* a thread was in the loop and held the GIL */
atomic_int check_visits, check_releases, check_blocks;
struct meeting check_room;

static inline double check_product(double x, double y)
{
    static _Thread_local int came;
    int held = PyGILState_Check();

    check_visits++;
    check_held |= held;
    /* A thread that holds the GIL need not wait, and one wait in vain is enough. */
    if (check_wanted && !came++ && meet(&check_room, check_wanted, held ? 0 : PATIENCE) < 2)
        check_wanted = 0;
    return x * y;
}
#define PRODUCT(x, y) check_product(x, y)

static inline void check_gil(const char *name, int line)
{
    if (!PyGILState_Check()) {
        fprintf(stderr, "line %d: %s() is called without the GIL\n", line, name);
        _exit(1); /* before it does any harm */
    }
}
#define CHECKED(name, ...) (check_gil(#name, __LINE__), name(__VA_ARGS__))
#define PyObject_GetBuffer(...) CHECKED(PyObject_GetBuffer, __VA_ARGS__)
#define PyBuffer_Release(...) CHECKED(PyBuffer_Release, __VA_ARGS__)
#define PyFloat_FromDouble(...) CHECKED(PyFloat_FromDouble, __VA_ARGS__)
#define PyErr_Format(...) CHECKED(PyErr_Format, __VA_ARGS__)
#define PyErr_SetString(...) CHECKED(PyErr_SetString, __VA_ARGS__)
#define PyEval_SaveThread() (check_releases++, PyEval_SaveThread())
#define malloc(size) (check_blocks++, malloc(size))
#define calloc(n, size) (check_blocks++, calloc(n, size))
#define free(block) (check_blocks--, free(block))
