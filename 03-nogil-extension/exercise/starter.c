/* Exercise: dot(a, b), so that other threads run meanwhile, and the arrays stay where they are.
 *
 *     include=$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')
 *     cc -O2 -shared -fPIC -I"$include" exercise/starter.c -o build/dot.so
 *     PYTHONPATH=build python -c 'import dot, numpy; v = numpy.ones(25); print(dot.dot(v, v))'
 *
 * On macOS, add -undefined dynamic_lookup to the second line. Its answers are right. It is meant to
 * fail its check until you finish it: see README.md. */
#include "dot.h"

/* Find the doubles of an argument, and how many there are. Return 0, or -1 with an exception.
 * TODO 2: the buffer is released here, before anybody has read the doubles. That goes well only
 * because no other thread runs while this one holds the GIL. */
static int find(PyObject *object, const char *name, const double **values, Py_ssize_t *n)
{
    Py_buffer view;

    if (PyObject_GetBuffer(object, &view, PyBUF_ND | PyBUF_FORMAT) < 0)
        return -1;
    int right = is_row_of_doubles(&view);
    *values = view.buf;
    *n = right ? view.shape[0] : 0;
    PyBuffer_Release(&view);
    if (!right)
        PyErr_Format(PyExc_TypeError, "%s: expected doubles in one dimension", name);
    return right ? 0 : -1;
}

static PyObject *dot(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *a, *b;
    const double *x, *y;
    Py_ssize_t n, n_b;

    if (!PyArg_ParseTuple(args, "OO:dot", &a, &b) || find(a, "a", &x, &n) < 0 ||
        find(b, "b", &y, &n_b) < 0)
        return NULL;
    if (n != n_b) {
        PyErr_SetString(PyExc_ValueError, "b: expected as many doubles as in a");
        return NULL;
    }
    /* TODO 1: release the GIL around the loop. */
    double sum = sum_products(x, y, n);
    return PyFloat_FromDouble(sum);
}
