/* Wrong twins of the modules in C, for the tests: one of these macros, and this file in front of a
 * module by -include. It replaces what the module calls, and edits nothing.
 */
#include <Python.h>
#include <stdatomic.h>

#ifdef DEAF_TO_CTRL_C
#define PyErr_CheckSignals() 0
#endif
#ifdef RELEASES_EARLY /* the buffer, before it is read */
#define PyObject_GetBuffer(object, view, how)                                                      \
    (PyObject_GetBuffer(object, view, how) < 0 ? -1 : (PyBuffer_Release(view), 0))
#endif
#ifdef KEEPS_BUFFER
#define PyBuffer_Release(view)
#endif
#ifdef KEEPS_STATE
#define PyThreadState_DeleteCurrent() PyEval_SaveThread()
#define PyThreadState_Release(state) PyEval_SaveThread()
#endif
#ifdef PLAIN /* counts the threads that come and go once more, and not atomically */
static long plain;
#undef atomic_fetch_add
#define atomic_fetch_add(at, by) atomic_fetch_add_explicit(at, (plain++, by), memory_order_seq_cst)
#endif
