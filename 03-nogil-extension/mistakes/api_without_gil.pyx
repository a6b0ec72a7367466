# A function of Python's C API is called without the GIL.
# expected  With -X dev Python stops: "Python memory allocator called without" holding the GIL.
# cause     PyLong_FromLong() takes memory for an object. The GIL protects the allocator: without
#           it, two threads may be given the same memory.
# fix       Compute in C, take the GIL back, then make the object.
# remember  Without -X dev, luck decides what happens. Test extensions with `python -X dev`.

import subprocess
import sys

cdef extern from *:
    """
    // The number is so large that no ready-made object will do, and memory is needed.
    static long work(void) { return 1234567890; }

    static PyObject *broken(void)
    {
        PyThreadState *thread = PyEval_SaveThread();
        PyObject *answer = PyLong_FromLong(work());
        PyEval_RestoreThread(thread);
        return answer;
    }

    static PyObject *fixed(void)
    {
        PyThreadState *thread = PyEval_SaveThread();
        long answer = work();
        PyEval_RestoreThread(thread);
        return PyLong_FromLong(answer);
    }
    """
    cpdef object broken()
    cpdef object fixed()


def observe(function):
    if sys.flags.dev_mode:  # the same in a child without -X dev
        child = subprocess.run([sys.executable, *sys.orig_argv[-3:]])
        print(f"without -X dev, today: exit code {child.returncode}")
    return f"the answer is {function()}"
