/* A Python object is made while the GIL is released.
 *
 *     python mistakes/api_without_gil.py
 */
#include <Python.h>

static long work(void)
{
    return 1234567890; /* so large that no ready-made object will do, and memory is needed */
}

static PyObject *broken(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    PyThreadState *thread = PyEval_SaveThread();
    PyObject *answer = PyLong_FromLong(work());
    PyEval_RestoreThread(thread);
    return answer;
}

static PyObject *fixed(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    PyThreadState *thread = PyEval_SaveThread();
    long answer = work();
    PyEval_RestoreThread(thread);
    return PyLong_FromLong(answer);
}

static PyMethodDef methods[] = {
    {"broken", broken, METH_NOARGS, "Make the answer's object without the GIL."},
    {"fixed", fixed, METH_NOARGS, "Make the answer's object once the GIL is back."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "api_without_gil",
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit_api_without_gil(void)
{
    return PyModuleDef_Init(&definition);
}
