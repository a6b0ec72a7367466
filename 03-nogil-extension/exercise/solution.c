/* Solution: the buffers are held from before the loop until after it, and in between no GIL is.
 *
 *     include=$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')
 *     cc -O2 -shared -fPIC -I"$include" exercise/solution.c -o build/dot.so
 *     PYTHONPATH=build python -c 'import dot, numpy; v = numpy.ones(25); print(dot.dot(v, v))'
 *
 * On macOS, add -undefined dynamic_lookup to the second line.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#ifndef PRODUCT /* leave this as it is: the check looks into the loop from here */
#define PRODUCT(x, y) ((x) * (y))
#endif

/* Touches no Python object, so it needs no GIL. */
static double sum_products(const double *x, const double *y, Py_ssize_t n)
{
    double sum = 0;

    for (Py_ssize_t i = 0; i < n; i++)
        sum += PRODUCT(x[i], y[i]);
    return sum;
}

static int is_row_of_doubles(const Py_buffer *view)
{
    return view->ndim == 1 && view->format && strcmp(view->format, "d") == 0 &&
           (view->len == 0 || (uintptr_t)view->buf % _Alignof(double) == 0);
}

/* Take the buffer of an argument, doubles in one row; the caller releases it. Return -1 with an
 * exception that names the argument, and with nothing taken. */
static int take(PyObject *object, const char *name, Py_buffer *view)
{
    if (PyObject_GetBuffer(object, view, PyBUF_ND | PyBUF_FORMAT) < 0) {
        if (!PyErr_ExceptionMatches(PyExc_MemoryError))
            PyErr_Format(PyExc_TypeError, "%s: expected a contiguous array of doubles, not %.100s",
                         name, Py_TYPE(object)->tp_name);
        return -1;
    }
    if (!is_row_of_doubles(view)) {
        PyErr_Format(PyExc_TypeError, "%s: expected aligned doubles in 1 dimension", name);
        PyBuffer_Release(view);
        return -1;
    }
    return 0;
}

PyDoc_STRVAR(dot_doc,
             "dot(a, b, /)\n--\n\n"
             "Return the sum of a[i] * b[i], for two arrays of doubles.\n\n"
             "Raises TypeError for what is no such array, ValueError for unequal lengths.");

static PyObject *dot(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *a, *b, *answer = NULL;
    Py_buffer x, y;

    if (!PyArg_ParseTuple(args, "OO:dot", &a, &b) || take(a, "a", &x) < 0)
        return NULL;
    if (take(b, "b", &y) < 0) {
        PyBuffer_Release(&x);
        return NULL;
    }
    if (x.shape[0] != y.shape[0]) {
        PyErr_Format(PyExc_ValueError, "b: expected %zd doubles, as many as in a, not %zd",
                     x.shape[0], y.shape[0]);
    } else {
        double sum;
        Py_BEGIN_ALLOW_THREADS
        sum = sum_products(x.buf, y.buf, x.shape[0]);
        Py_END_ALLOW_THREADS
        answer = PyFloat_FromDouble(sum);
    }
    PyBuffer_Release(&y); /* not before the loop is done: until here nobody can resize them */
    PyBuffer_Release(&x);
    return answer;
}

static PyMethodDef methods[] = {
    {"dot", dot, METH_VARARGS, dot_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030C0000 /* works in a subinterpreter that has a GIL of its own */
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000 /* a promise: nothing here relies on the GIL */
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "dot",  .m_doc = "The dot product of two arrays.",
    .m_methods = methods,  .m_slots = slots,
};

PyMODINIT_FUNC PyInit_dot(void)
{
    return PyModuleDef_Init(&definition);
}
