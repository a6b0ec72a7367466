# How often a module of Cython has taken the GIL: from gil_taken cimport taken
cdef extern from *:
    """
    static _Atomic long taken;
    static PyGILState_STATE counted(void) { taken++; return PyGILState_Ensure(); }
    #define PyGILState_Ensure counted // for all that follows in the file
    """
    long taken
