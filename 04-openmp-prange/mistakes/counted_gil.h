/* How often does the C that Cython makes take the GIL? Every PyGILState_Ensure() that follows this
 * header is counted.
 */
#ifndef COUNTED_GIL_H
#define COUNTED_GIL_H

#include <Python.h>
#include <stdatomic.h>

static atomic_long gil_taken;

static inline PyGILState_STATE counted_ensure(void)
{
    atomic_fetch_add(&gil_taken, 1);
    return PyGILState_Ensure();
}

/* The count since the last call. */
static inline long times_taken(void)
{
    return atomic_exchange(&gil_taken, 0);
}

#define PyGILState_Ensure counted_ensure

#endif
