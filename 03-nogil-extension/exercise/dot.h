/* What the exercise's files share: the loop, and the module around dot(a, b). */
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#ifndef PRODUCT /* the check looks into the loop from here */
#define PRODUCT(x, y) ((x) * (y))
#endif

/* Touches no Python object, so it needs no GIL. */
static inline double sum_products(const double *x, const double *y, Py_ssize_t n)
{
    double sum = 0;

    for (Py_ssize_t i = 0; i < n; i++)
        sum += PRODUCT(x[i], y[i]);
    return sum;
}

static inline int is_row_of_doubles(const Py_buffer *view)
{
    return view->ndim == 1 && view->format && strcmp(view->format, "d") == 0 &&
           (view->len == 0 || (uintptr_t)view->buf % _Alignof(double) == 0);
}

static PyObject *dot(PyObject *module, PyObject *args);

static PyMethodDef methods[] = {
    {"dot", dot, METH_VARARGS,
     "dot(a, b, /)\n--\n\nReturn the sum of a[i] * b[i], for two arrays of doubles."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_mod_gil /* since 3.13; without it, a free-threaded Python turns its GIL back on */
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "dot",
                                        .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit_dot(void)
{
    return PyModuleDef_Init(&definition);
}
