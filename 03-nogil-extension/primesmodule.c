/* One loop, called twice from Python: holding the GIL, and with the GIL released.
 *
 *     make build && ../.venv/bin/python primes.py
 *
 * The module is called _primes, as the C half of primes.py. All that it remembers is in its
 * module state, so every interpreter of a process has its own; nothing here is static and
 * changes.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#include "inside.h"

enum { MAX_THREADS = 256, MAX_TIMEOUT = 60 };
static const uint64_t LIMIT = 1000000000000; /* up to here d * d is far from overflowing */

static int is_prime(uint64_t n)
{
    if (n < 2)
        return 0;
    for (uint64_t d = 2; d * d <= n; d++)
        if (n % d == 0)
            return 0;
    return 1;
}

/* Count the primes in [lo, hi). Touches no Python object, so it needs no GIL. */
static uint64_t count_range(struct inside *inside, uint64_t lo, uint64_t hi)
{
    uint64_t primes = 0;

    inside_enter(inside);
    for (uint64_t n = lo; n < hi; n++)
        primes += (uint64_t)is_prime(n);
    inside_leave(inside);
    return primes;
}

/* Read a whole number from low to high. Return -1 with an exception that names the argument. */
static int whole(PyObject *object, const char *name, uint64_t low, uint64_t high, uint64_t *value)
{
    int overflow;

    if (!PyIndex_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s: expected an int, not %.100s", name,
                     Py_TYPE(object)->tp_name);
        return -1;
    }
    long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (number == -1 && PyErr_Occurred())
        return -1;
    *value = (uint64_t)number;
    if (overflow < 0 || (!overflow && (number < 0 || *value < low))) {
        PyErr_Format(PyExc_ValueError, "%s: expected at least %llu", name, (unsigned long long)low);
        return -1;
    }
    if (overflow > 0 || *value > high) {
        PyErr_Format(PyExc_OverflowError, "%s: expected at most %llu", name,
                     (unsigned long long)high);
        return -1;
    }
    return 0;
}

static int range(PyObject *lo_object, PyObject *hi_object, uint64_t *lo, uint64_t *hi)
{
    if (whole(lo_object, "lo", 0, LIMIT, lo) < 0 || whole(hi_object, "hi", 0, LIMIT, hi) < 0)
        return -1;
    if (*hi < *lo) {
        PyErr_SetString(PyExc_ValueError, "hi: expected at least lo");
        return -1;
    }
    return 0;
}

static int seconds(PyObject *object, const char *name, double *value)
{
    *value = PyFloat_AsDouble(object);
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_TypeError))
        PyErr_Format(PyExc_TypeError, "%s: expected a number of seconds, not %.100s", name,
                     Py_TYPE(object)->tp_name);
    else if (*value > (double)MAX_TIMEOUT ||
             (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_OverflowError)))
        PyErr_Format(PyExc_OverflowError, "%s: expected at most %d seconds", name, MAX_TIMEOUT);
    else if (!PyErr_Occurred() && !(*value >= 0)) /* this way round, so that nan is refused */
        PyErr_Format(PyExc_ValueError, "%s: expected 0 seconds or more", name);
    return PyErr_Occurred() ? -1 : 0;
}

PyDoc_STRVAR(count_held_doc, "count_held(lo, hi, /)\n--\n\n"
                             "Count the primes in [lo, hi), holding the GIL all the way.\n\n"
                             "Same answer and same errors as count().");

static PyObject *count_held(PyObject *module, PyObject *args)
{
    PyObject *lo_object, *hi_object;
    uint64_t lo, hi;

    if (!PyArg_ParseTuple(args, "OO:count_held", &lo_object, &hi_object) ||
        range(lo_object, hi_object, &lo, &hi) < 0)
        return NULL;
    return PyLong_FromUnsignedLongLong(count_range(PyModule_GetState(module), lo, hi));
}

PyDoc_STRVAR(count_doc,
             "count(lo, hi, /)\n--\n\n"
             "Count the primes in [lo, hi) by trial division, with the GIL released.\n\n"
             "lo and hi are ints from 0 to 10**12. A call cannot be interrupted: pass ranges\n"
             "that take milliseconds, not minutes.\n\n"
             "Raises TypeError for what is no int, ValueError for a negative number or for\n"
             "hi < lo, OverflowError above 10**12.");

static PyObject *count(PyObject *module, PyObject *args)
{
    struct inside *inside = PyModule_GetState(module);
    PyObject *lo_object, *hi_object;
    uint64_t lo, hi;

    if (!PyArg_ParseTuple(args, "OO:count", &lo_object, &hi_object) ||
        range(lo_object, hi_object, &lo, &hi) < 0)
        return NULL;

    /* Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS are macros for these two calls. */
    PyThreadState *thread = PyEval_SaveThread();
    uint64_t primes = count_range(inside, lo, hi);
    PyEval_RestoreThread(thread);

    return PyLong_FromUnsignedLongLong(primes);
}

PyDoc_STRVAR(meet_doc,
             "meet(n, timeout, /)\n--\n\n"
             "Wait, with the GIL released, until n threads are inside; return how many were.\n\n"
             "n is from 1 to 256; timeout is in seconds, from 0 to 60, and ends the wait without\n"
             "an error. Call reset_inside() before the first thread goes in.\n\n"
             "Raises TypeError for what is no number, ValueError below and OverflowError above\n"
             "these ranges.");

static PyObject *meet_as(PyObject *module, PyObject *args, int release)
{
    struct inside *inside = PyModule_GetState(module);
    PyObject *n_object, *timeout_object;
    PyThreadState *thread = NULL;
    uint64_t n;
    double timeout;

    if (!PyArg_ParseTuple(args, "OO:meet", &n_object, &timeout_object) ||
        whole(n_object, "n", 1, MAX_THREADS, &n) < 0 ||
        seconds(timeout_object, "timeout", &timeout) < 0)
        return NULL;
    if (release)
        thread = PyEval_SaveThread();
    int met = inside_meet(inside, (int)n, timeout);
    if (release)
        PyEval_RestoreThread(thread);
    return PyLong_FromLong(met);
}

static PyObject *meet(PyObject *module, PyObject *args)
{
    return meet_as(module, args, 1);
}

PyDoc_STRVAR(meet_held_doc, "meet_held(n, timeout, /)\n--\n\n"
                            "Like meet(), but holding the GIL: nobody else can come in.");

static PyObject *meet_held(PyObject *module, PyObject *args)
{
    return meet_as(module, args, 0);
}

PyDoc_STRVAR(inside_doc, "inside()\n--\n\n"
                         "Return the highest number of threads that were inside at one moment.");

static PyObject *inside(PyObject *module, PyObject *Py_UNUSED(none))
{
    return PyLong_FromLong(inside_highest(PyModule_GetState(module)));
}

PyDoc_STRVAR(reset_inside_doc, "reset_inside()\n--\n\nStart inside() again.");

static PyObject *reset_inside(PyObject *module, PyObject *Py_UNUSED(none))
{
    inside_reset(PyModule_GetState(module));
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"count_held", count_held, METH_VARARGS, count_held_doc},
    {"count", count, METH_VARARGS, count_doc},
    {"meet_held", meet_held, METH_VARARGS, meet_held_doc},
    {"meet", meet, METH_VARARGS, meet_doc},
    {"inside", inside, METH_NOARGS, inside_doc},
    {"reset_inside", reset_inside, METH_NOARGS, reset_inside_doc},
    {NULL, NULL, 0, NULL},
};

static int start(PyObject *module)
{
    struct inside *inside = PyModule_GetState(module);

    atomic_init(&inside->now, 0);
    atomic_init(&inside->highest, 0);
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, start},
#if PY_VERSION_HEX >= 0x030C0000 /* works in a subinterpreter that has a GIL of its own */
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000 /* without it, a free-threaded Python turns its GIL back on */
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_primes",
    .m_doc = "Count primes by trial division, with and without the GIL.",
    .m_size = sizeof(struct inside),
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__primes(void)
{
    return PyModuleDef_Init(&definition);
}
