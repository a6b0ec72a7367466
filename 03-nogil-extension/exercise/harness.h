/* What check.py compiles in front of the reader's file, to see what the threads do in there.
 *
 * probe.py sets and reads the variables, through ctypes. PRODUCT, in the loop, lets threads wait;
 * some functions of Python's and the allocation of memory are replaced, to notice who calls them.
 */
#ifndef HARNESS_H
#define HARNESS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../tools/meet.h"

#ifndef PATIENCE
#define PATIENCE 20 /* seconds that threads wait for each other: if they can, they meet at once */
#endif

atomic_int check_wanted; /* so many threads are to meet in the loop; 0: nobody waits */
atomic_int check_held;   /* a thread was in the loop and held the GIL */
atomic_long check_visits, check_releases, check_blocks;
struct meeting check_room;

/* A thread that holds the GIL need not wait: nobody else can come. (PyGILState_Check() knows as
 * long as there is one interpreter only.) */
static inline double check_product(double x, double y)
{
    static _Thread_local int came;
    int held = HAS_GIL && PyGILState_Check();

    atomic_fetch_add(&check_visits, 1);
    if (held)
        atomic_store(&check_held, 1);
    if (check_wanted && !came) {
        came = 1;
        if (meet(&check_room, check_wanted, held ? 0 : PATIENCE) < check_wanted)
            check_wanted = 0; /* one wait in vain is enough */
    }
    return x * y;
}

static inline void check_call(const char *name, int line)
{
    if (PyGILState_Check())
        return;
    fprintf(stderr, "line %d: %s() is called without the GIL\n", line, name);
    _exit(1); /* before it does any harm */
}

static inline void *check_took(void *block)
{
    atomic_fetch_add(&check_blocks, block != NULL);
    return block;
}

static inline void *check_gave(void *block)
{
    atomic_fetch_sub(&check_blocks, block != NULL);
    return block;
}

#define PRODUCT(x, y) check_product(x, y)

#define PyEval_SaveThread() (atomic_fetch_add(&check_releases, 1), PyEval_SaveThread())

#define PyObject_GetBuffer(...)                                                                    \
    (check_call("PyObject_GetBuffer", __LINE__), PyObject_GetBuffer(__VA_ARGS__))
#define PyBuffer_Release(...)                                                                      \
    (check_call("PyBuffer_Release", __LINE__), PyBuffer_Release(__VA_ARGS__))
#define PyFloat_FromDouble(...)                                                                    \
    (check_call("PyFloat_FromDouble", __LINE__), PyFloat_FromDouble(__VA_ARGS__))
#define PyErr_Format(...) (check_call("PyErr_Format", __LINE__), PyErr_Format(__VA_ARGS__))
#define PyErr_SetString(...) (check_call("PyErr_SetString", __LINE__), PyErr_SetString(__VA_ARGS__))

#define malloc(size) check_took(malloc(size))
#define calloc(n, size) check_took(calloc(n, size))
#define realloc(block, size) check_took(realloc(check_gave(block), size))
#define free(block) free(check_gave(block))
#define PyMem_Malloc(size) check_took(PyMem_Malloc(size))
#define PyMem_Free(block) PyMem_Free(check_gave(block))

#endif
