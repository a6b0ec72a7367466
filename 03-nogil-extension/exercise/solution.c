/* Solution: the buffers are held from before the loop until after it; in between, no GIL is.
 *
 *     include=$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')
 *     cc -O2 -shared -fPIC -I"$include" exercise/solution.c -o build/dot.so
 *     PYTHONPATH=build python -c 'import dot, numpy; v = numpy.ones(25); print(dot.dot(v, v))'
 *
 * On macOS, add -undefined dynamic_lookup to the second line. */
#include "dot.h"

/* Take the buffer of an argument. Return 0, or -1 with an exception. */
static int take(PyObject *object, const char *name, Py_buffer *view)
{
    if (PyObject_GetBuffer(object, view, PyBUF_ND | PyBUF_FORMAT) < 0)
        return -1;
    if (is_row_of_doubles(view))
        return 0;
    PyErr_Format(PyExc_TypeError, "%s: expected doubles in one dimension", name);
    return -1;
}

static PyObject *dot(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *a, *b, *answer = NULL;
    Py_buffer x = {0}, y = {0}; /* to release these would do nothing: they are of no object yet */

    if (!PyArg_ParseTuple(args, "OO:dot", &a, &b))
        return NULL;
    if (take(a, "a", &x) == 0 && take(b, "b", &y) == 0) {
        if (x.shape[0] == y.shape[0]) {
            double sum;
            Py_BEGIN_ALLOW_THREADS
            sum = sum_products(x.buf, y.buf, x.shape[0]);
            Py_END_ALLOW_THREADS
            answer = PyFloat_FromDouble(sum);
        } else {
            PyErr_SetString(PyExc_ValueError, "b: expected as many doubles as in a");
        }
    }
    PyBuffer_Release(&y); /* every way out comes by here, and not before the loop is done */
    PyBuffer_Release(&x);
    return answer;
}
