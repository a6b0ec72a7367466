/* How a thread that Python did not create calls Python: it needs a thread state first.
 *
 *     caller, with the GIL     native_open()      remembers the interpreter
 *     the new thread           native_attach()    makes a thread state and takes the GIL
 *                              native_detach()    gives both back
 *     caller, with the GIL     native_close()     after the thread has ended
 *
 * PyGILState_Ensure() and PyGILState_Release() do the middle part in one line, but always for the
 * main interpreter: for another one they would take the wrong GIL. Python 3.15 has calls that name
 * the interpreter and keep it alive (PEP 788). Before, the thread state is made by hand.
 */
#pragma once
#include <Python.h>

#if PY_VERSION_HEX >= 0x030F0000

struct native {
    PyInterpreterGuard *interpreter;
    PyThreadStateToken *state;
};

static int native_open(struct native *native)
{
    native->interpreter = PyInterpreterGuard_FromCurrent();
    return native->interpreter ? 0 : -1;
}

static int native_attach(struct native *native)
{
    native->state = PyThreadState_Ensure(native->interpreter);
    return native->state ? 0 : -1;
}

static void native_detach(struct native *native)
{
    PyThreadState_Release(native->state);
}

static void native_close(struct native *native)
{
    PyInterpreterGuard_Close(native->interpreter);
}

#else

struct native {
    PyInterpreterState *interpreter;
    PyThreadState *state;
};

static int native_open(struct native *native)
{
    native->interpreter = PyInterpreterState_Get();
    return 0;
}

static int native_attach(struct native *native)
{
    native->state = PyThreadState_New(native->interpreter);
    if (!native->state)
        return -1;
    PyEval_RestoreThread(native->state);
    return 0;
}

static void native_detach(struct native *native)
{
    PyThreadState_Clear(native->state);
    PyThreadState_DeleteCurrent();
}

#define native_close(native)

#endif

#if PY_VERSION_HEX < 0x030C0000 /* an exception was three objects then */

static PyObject *PyErr_GetRaisedException(void)
{
    PyObject *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback)
        PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}

static void PyErr_SetRaisedException(PyObject *value)
{
    PyErr_Restore(Py_NewRef(Py_TYPE(value)), value, PyException_GetTraceback(value));
}

#endif
