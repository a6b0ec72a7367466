/* A pointer into a bytearray, used after the buffer was given back.
 *
 *     python mistakes/buffer_after_release.py
 */
#include <Python.h>

/* Other threads run while this one has released the GIL. meanwhile() stands for what they do, so
 * that it always happens at the worst moment. */
static PyObject *broken(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *data, *meanwhile;
    Py_buffer view;
    unsigned long sum = 0;

    if (!PyArg_ParseTuple(args, "OO:broken", &data, &meanwhile) ||
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    const unsigned char *bytes = view.buf;
    Py_ssize_t length = view.len;
    PyBuffer_Release(&view); /* bytes is only borrowed from here on */
    PyObject *done = PyObject_CallNoArgs(meanwhile);
    for (Py_ssize_t i = 0; done && i < length; i++)
        sum += bytes[i];
    if (done == NULL)
        return NULL;
    Py_DECREF(done);
    return PyLong_FromUnsignedLong(sum);
}

static PyObject *fixed(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *data, *meanwhile;
    Py_buffer view;
    unsigned long sum = 0;

    if (!PyArg_ParseTuple(args, "OO:fixed", &data, &meanwhile) ||
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    const unsigned char *bytes = view.buf;
    PyObject *done = PyObject_CallNoArgs(meanwhile);
    for (Py_ssize_t i = 0; done && i < view.len; i++)
        sum += bytes[i];
    PyBuffer_Release(&view); /* after the last use, on every way out */
    if (done == NULL)
        return NULL;
    Py_DECREF(done);
    return PyLong_FromUnsignedLong(sum);
}

static PyMethodDef methods[] = {
    {"broken", broken, METH_VARARGS, "Add up the bytes of data, which nothing holds."},
    {"fixed", fixed, METH_VARARGS, "Add up the bytes of data, whose buffer is held."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "buffer_after_release",
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit_buffer_after_release(void)
{
    return PyModuleDef_Init(&definition);
}
