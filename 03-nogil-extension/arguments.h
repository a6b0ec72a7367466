/* Python arguments into C numbers, while the GIL is held and an exception may be raised.
 *
 * Each function returns 0, or -1 with an exception. Its message names the argument, unless it
 * comes from the argument's own code, such as its __index__.
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

/* A whole number from low to high: TypeError, ValueError below, OverflowError above. */
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

/* The bounds of [lo, hi), both from 0 to limit. */
static int range(PyObject *lo_object, PyObject *hi_object, uint64_t limit, uint64_t *lo,
                 uint64_t *hi)
{
    if (whole(lo_object, "lo", 0, limit, lo) < 0 || whole(hi_object, "hi", 0, limit, hi) < 0)
        return -1;
    if (*hi < *lo) {
        PyErr_SetString(PyExc_ValueError, "hi: expected at least lo");
        return -1;
    }
    return 0;
}

/* The arguments of a function that takes such bounds and nothing else; format names it. */
static int parse_range(PyObject *args, const char *format, uint64_t limit, uint64_t *lo,
                       uint64_t *hi)
{
    PyObject *lo_object, *hi_object;

    if (!PyArg_ParseTuple(args, format, &lo_object, &hi_object))
        return -1;
    return range(lo_object, hi_object, limit, lo, hi);
}

/* A time from 0 to limit seconds: TypeError, ValueError below, OverflowError above. */
static int seconds(PyObject *object, const char *name, int limit, double *value)
{
    *value = PyFloat_AsDouble(object);
    if (!PyNumber_Check(object)) /* of a number, an error is its own, and stays */
        PyErr_Format(PyExc_TypeError, "%s: expected a number of seconds, not %.100s", name,
                     Py_TYPE(object)->tp_name);
    else if (*value > (double)limit || (PyLong_Check(object) && PyErr_Occurred()))
        PyErr_Format(PyExc_OverflowError, "%s: expected at most %d seconds", name, limit);
    else if (!PyErr_Occurred() && !(*value >= 0)) /* this way round, so that nan is refused */
        PyErr_Format(PyExc_ValueError, "%s: expected 0 seconds or more", name);
    return PyErr_Occurred() ? -1 : 0;
}

/* The bytes of an object: bytes, bytearray, array('B'), memoryview ... Until PyBuffer_Release()
 * its owner keeps them in place. TypeError for what is no buffer of bytes, BufferError for one that
 * is not contiguous. */
static int bytes_of(PyObject *object, const char *name, Py_buffer *view)
{
    if (!PyObject_CheckBuffer(object)) {
        PyErr_Format(PyExc_TypeError, "%s: expected a bytes-like object, not %.100s", name,
                     Py_TYPE(object)->tp_name);
        return -1;
    }
    if (PyObject_GetBuffer(object, view, PyBUF_CONTIG_RO | PyBUF_FORMAT) < 0) {
        /* memoryview raises the one, NumPy the other */
        if (PyErr_ExceptionMatches(PyExc_BufferError) || PyErr_ExceptionMatches(PyExc_ValueError))
            PyErr_Format(PyExc_BufferError, "%s: expected a contiguous buffer of bytes", name);
        return -1;
    }
    if (view->format && strcmp(view->format, "B") != 0) {
        PyErr_Format(PyExc_TypeError, "%s: expected bytes (format 'B'), not format '%.20s'", name,
                     view->format);
        PyBuffer_Release(view);
        return -1;
    }
    return 0;
}

#endif
