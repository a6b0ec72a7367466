/* One loop, called from Python with the GIL held and with the GIL released.
 *
 *     make build && python primes.py
 *
 * A thread holds the GIL when it calls a C function, and keeps it until the C function gives it
 * back. held() never does. released() does around the loop, which touches no Python object: the
 * arguments become C numbers before, and the answer becomes a Python int after.
 *
 * The module's state, a room, is not static: each interpreter of a process has its own.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../tools/meet.h"
#include "loops.h"

/* Count the primes in lo <= n < hi, in a room that counts how many threads are in it. */
static long long count_inside(struct meeting *room, long long lo, long long hi)
{
    meet_enter(room);
    meet_others(room); /* waits only after expect() */
    long long primes = count_primes(lo, hi);
    meet_leave(room);
    return primes;
}

static PyObject *held(PyObject *module, PyObject *args)
{
    long long lo, hi;

    if (!PyArg_ParseTuple(args, "LL:held", &lo, &hi))
        return NULL;
    if (!is_range(lo, hi))
        return PyErr_Format(PyExc_ValueError, NO_RANGE, lo, hi);
    return PyLong_FromLongLong(count_inside(PyModule_GetState(module), lo, hi));
}

static PyObject *released(PyObject *module, PyObject *args)
{
    struct meeting *room = PyModule_GetState(module);
    long long lo, hi;

    if (!PyArg_ParseTuple(args, "LL:released", &lo, &hi))
        return NULL;
    if (!is_range(lo, hi))
        return PyErr_Format(PyExc_ValueError, NO_RANGE, lo, hi);

    /* Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS are macros for these two calls. */
    PyThreadState *thread = PyEval_SaveThread();
    long long primes = count_inside(room, lo, hi);
    PyEval_RestoreThread(thread);

    return PyLong_FromLongLong(primes);
}

static PyObject *expect(PyObject *module, PyObject *args)
{
    double seconds;
    int n;

    if (!PyArg_ParseTuple(args, "id:expect", &n, &seconds))
        return NULL;
    if (!(n >= 0 && seconds >= 0 && seconds <= 60)) /* nothing else ends a wait in vain */
        return PyErr_Format(PyExc_ValueError, "expected n >= 0 and 0 <= seconds <= 60");
    meet_expect(PyModule_GetState(module), n, seconds);
    Py_RETURN_NONE;
}

static PyObject *inside(PyObject *module, PyObject *Py_UNUSED(none))
{
    return PyLong_FromLong(((struct meeting *)PyModule_GetState(module))->highest);
}

static PyMethodDef methods[] = {
    {"held", held, METH_VARARGS, "held(lo, hi): count primes, and hold the GIL"},
    {"released", released, METH_VARARGS, "released(lo, hi): count primes without the GIL"},
    {"expect", expect, METH_VARARGS,
     "expect(n, seconds): in the loop, let n threads wait for each other"},
    {"inside", inside, METH_NOARGS, "inside(): the most threads at one moment since expect()"},
    {0},
};

static PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030C0000 /* works in a subinterpreter that has a GIL of its own */
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000 /* without it, a free-threaded Python turns its GIL back on */
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_count",
    .m_size = sizeof(struct meeting), /* its bytes are 0 to begin with */
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__count(void)
{
    return PyModuleDef_Init(&definition);
}
