# A free-threaded Python turns its GIL on again, because of one import.
# needs     a free-threaded Python
# expected  The GIL is off before the import, "and on after it".
# cause     The module says nothing about the GIL. Python takes it that the module needs one, and
#           turns it on for the whole process. A RuntimeWarning is all you see.
# fix       Py_MOD_GIL_NOT_USED in the slots of the module; in Cython, the `# cython:` line below.
# remember  To a free-threaded Python, silence means: I need the GIL.

# cython: freethreading_compatible=True

import sys
from importlib.util import module_from_spec, spec_from_file_location

cdef extern from *:
    """
    static PyModuleDef_Slot nothing[] = {{0, NULL}};
    static PyModuleDef silent = {PyModuleDef_HEAD_INIT, .m_name = "silent", .m_slots = nothing};
    PyMODINIT_FUNC PyInit_silent(void) { return PyModuleDef_Init(&silent); }

    static PyModuleDef_Slot slots[] = {{Py_mod_gil, Py_MOD_GIL_NOT_USED}, {0, NULL}};
    static PyModuleDef declared = {PyModuleDef_HEAD_INIT, .m_name = "declared", .m_slots = slots};
    PyMODINIT_FUNC PyInit_declared(void) { return PyModuleDef_Init(&declared); }
    """


def broken():
    module_from_spec(spec_from_file_location("silent", __file__))


def fixed():
    module_from_spec(spec_from_file_location("declared", __file__))


def observe(function):
    """Let the function import one of the two modules above, which are in this library, too."""
    before = sys._is_gil_enabled()
    function()
    states = ["on" if on else "off" for on in (before, sys._is_gil_enabled())]
    return "the GIL is {} before the import, and {} after it".format(*states)
