/* An empty module, compiled twice: as it stands, and with -DDECLARED.
 *
 *     python mistakes/gil_comes_back.py
 */
#include <Python.h>

static PyModuleDef_Slot slots[] = {
#if defined(DECLARED) && PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED}, /* a promise: this module looks after its own data */
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "gil_comes_back",
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit_gil_comes_back(void)
{
    return PyModuleDef_Init(&definition);
}
