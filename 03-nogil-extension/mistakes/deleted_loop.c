/* Three loops to time. The compiler deletes the first, and must keep the others.
 *
 *     python mistakes/deleted_loop.py
 */
#include <Python.h>
#include <stdint.h>

/* Tells the compiler that x may have changed. */
#define BARRIER(x) __asm__ volatile("" : "+r"(x))

static uint64_t broken(uint64_t n)
{
    uint64_t steps = 0;

    for (; n > 0; n--)
        steps++;
    return steps;
}

static uint64_t with_barrier(uint64_t n)
{
    uint64_t steps = 0;

    for (; n > 0; n--) {
        steps++;
        BARRIER(steps);
    }
    return steps;
}

/* Every step needs the one before, and no compiler knows a short cut: Marsaglia's xorshift. */
static uint64_t with_answer(uint64_t n)
{
    uint64_t x = 1;

    for (; n > 0; n--) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

static PyObject *call(uint64_t (*loop)(uint64_t), PyObject *n)
{
    uint64_t steps = PyLong_AsUnsignedLongLong(n);

    return PyErr_Occurred() ? NULL : PyLong_FromUnsignedLongLong(loop(steps));
}

static PyObject *call_broken(PyObject *Py_UNUSED(module), PyObject *n)
{
    return call(broken, n);
}

static PyObject *call_with_barrier(PyObject *Py_UNUSED(module), PyObject *n)
{
    return call(with_barrier, n);
}

static PyObject *call_with_answer(PyObject *Py_UNUSED(module), PyObject *n)
{
    return call(with_answer, n);
}

static PyMethodDef methods[] = {
    {"broken", call_broken, METH_O, "Count n steps, or so it looks."},
    {"with_barrier", call_with_barrier, METH_O, "Count n steps."},
    {"with_answer", call_with_answer, METH_O, "Return the n-th number of a generator."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "deleted_loop",
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit_deleted_loop(void)
{
    return PyModuleDef_Init(&definition);
}
