/* One loop, called from Python in the ways that there are: holding the GIL, with the GIL released,
 * stopping for Ctrl-C, on a borrowed buffer, and calling back from a thread of its own.
 *
 *     make build && python primes.py
 *
 * The loops are in loops.h. The module is called _primes, as the C half of primes.py. All that it
 * remembers is in its module state, so every interpreter of a process has its own; nothing here is
 * static and changes. If it had types, they would be heap types (PyType_FromModuleAndSpec), kept
 * there too.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <pthread.h>

#include "arguments.h"
#include "loops.h"
#include "native_thread.h"

enum { MAX_THREADS = 256, MAX_TIMEOUT = 60 };
static const uint64_t LIMIT = 1000000000000; /* up to here d * d is far from overflowing */
static const double PIECE = 0.020;           /* seconds without the GIL between looks at Ctrl-C */

PyDoc_STRVAR(count_held_doc, "count_held(lo, hi, /)\n--\n\n"
                             "Count the primes in [lo, hi), holding the GIL all the way.\n\n"
                             "Same answer and same errors as count().");

static PyObject *count_held(PyObject *module, PyObject *args)
{
    uint64_t lo, hi;

    if (parse_range(args, "OO:count_held", LIMIT, &lo, &hi) < 0)
        return NULL;
    return PyLong_FromUnsignedLongLong(count_range(PyModule_GetState(module), lo, hi));
}

PyDoc_STRVAR(count_doc,
             "count(lo, hi, /)\n--\n\n"
             "Count the primes in [lo, hi) by trial division, with the GIL released.\n\n"
             "lo and hi are ints from 0 to 10**12. A call cannot be interrupted: pass ranges\n"
             "that take milliseconds, not minutes.\n\n"
             "Raises TypeError for what is no int, ValueError for a negative number or for\n"
             "hi < lo, OverflowError above 10**12.");

static PyObject *count(PyObject *module, PyObject *args)
{
    struct meeting *meeting = PyModule_GetState(module);
    uint64_t lo, hi;

    if (parse_range(args, "OO:count", LIMIT, &lo, &hi) < 0)
        return NULL;

    /* Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS are macros for these two calls. */
    PyThreadState *thread = PyEval_SaveThread();
    uint64_t primes = count_range(meeting, lo, hi);
    PyEval_RestoreThread(thread);

    return PyLong_FromUnsignedLongLong(primes);
}

PyDoc_STRVAR(
    count_interruptible_doc,
    "count_interruptible(lo, hi, /)\n--\n\n"
    "Count the primes in [lo, hi) with the GIL released, and let Ctrl-C stop it.\n\n"
    "About every 20 ms the GIL is taken for a moment, to run the handlers of signals that\n"
    "came in. Python runs them in the main thread only: there, an exception from one,\n"
    "KeyboardInterrupt for Ctrl-C, ends the call. Otherwise same errors as count().");

/* How many numbers make a piece depends on their size. */
static uint64_t next_piece(uint64_t piece, double seconds_taken)
{
    if (seconds_taken < PIECE / 2)
        return piece * 2;
    return seconds_taken > PIECE ? piece / 2 + 1 : piece;
}

static PyObject *count_interruptible(PyObject *module, PyObject *args)
{
    struct meeting *meeting = PyModule_GetState(module);
    uint64_t lo, hi, primes = 0, piece = 1; /* the first piece is one number */

    if (parse_range(args, "OO:count_interruptible", LIMIT, &lo, &hi) < 0)
        return NULL;
    while (lo < hi) {
        uint64_t end = hi - lo < piece ? hi : lo + piece;
        Py_BEGIN_ALLOW_THREADS
        double start = seconds_now();
        primes += count_range(meeting, lo, end);
        piece = next_piece(piece, seconds_now() - start);
        Py_END_ALLOW_THREADS
        if (PyErr_CheckSignals() < 0)
            return NULL;
        lo = end;
    }
    return PyLong_FromUnsignedLongLong(primes);
}

PyDoc_STRVAR(
    sum_buffer_doc,
    "sum_buffer(obj, /)\n--\n\n"
    "Return the sum of the bytes of a contiguous buffer, with the GIL released.\n\n"
    "obj is bytes, bytearray, array('B'), a NumPy array of uint8 ... Until the call returns\n"
    "its owner keeps it in place: whoever resizes a bytearray or an array gets a BufferError,\n"
    "and a NumPy array a ValueError (unless it is told refcheck=False: then all is lost). Its\n"
    "bytes may still be changed; that nobody does is up to the caller.\n\n"
    "Raises TypeError for what is no buffer of bytes, BufferError for one with gaps.");

static PyObject *sum_buffer(PyObject *module, PyObject *object)
{
    struct meeting *meeting = PyModule_GetState(module);
    Py_buffer view;
    uint64_t sum;

    if (bytes_of(object, "obj", &view) < 0)
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    sum = sum_bytes(meeting, view.buf, (size_t)view.len);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&view); /* not before the last byte is read, and with the GIL */
    return PyLong_FromUnsignedLongLong(sum);
}

struct visit {
    struct native native;
    struct meeting *meeting;
    uint64_t lo, hi, visited;
    PyObject *callback;  /* the caller's reference: it waits for us */
    PyObject *exception; /* what the callback raised */
};

/* The native thread. It searches without the GIL, and takes it for each prime. */
static void *visit(void *argument)
{
    struct visit *job = argument;

    if (native_attach(&job->native) < 0)
        return NULL;
    for (uint64_t n = job->lo;; n++) {
        Py_BEGIN_ALLOW_THREADS
        n = next_prime(job->meeting, n, job->hi);
        Py_END_ALLOW_THREADS
        if (n == job->hi)
            break;
        PyObject *result = PyObject_CallFunction(job->callback, "K", (unsigned long long)n);
        if (!result) { /* an exception belongs to one thread: it is handed over by hand */
            job->exception = PyErr_GetRaisedException();
            break;
        }
        Py_DECREF(result);
        job->visited++;
    }
    native_detach(&job->native);
    return job;
}

/* Start the thread and wait for its end; return 0, or -1 with an exception. */
static int visit_on_native_thread(struct visit *job)
{
    pthread_t thread;
    void *attached = NULL;
    int error;

    if (native_open(&job->native) < 0)
        return -1;
    Py_BEGIN_ALLOW_THREADS /* the thread needs the GIL: to hold it while waiting is a deadlock */
    error = pthread_create(&thread, NULL, visit, job);
    if (!error)
        pthread_join(thread, &attached);
    Py_END_ALLOW_THREADS
    native_close(&job->native);

    if (error) {
        errno = error;
        PyErr_SetFromErrno(PyExc_OSError);
    } else if (!attached) {
        PyErr_NoMemory();
    } else if (job->exception) {
        PyErr_SetRaisedException(job->exception);
    }
    return PyErr_Occurred() ? -1 : 0;
}

PyDoc_STRVAR(
    for_each_doc,
    "for_each(lo, hi, callback, /)\n--\n\n"
    "Call callback(prime) for every prime in [lo, hi), from a native thread.\n\n"
    "Returns how many there were. An exception that the callback raises ends the search\n"
    "and is raised here. Other threads run while it searches; Ctrl-C waits until the call\n"
    "returns. The callback's thread has context variables of its own, which are unset.\n\n"
    "Same errors as count(), TypeError for a callback that cannot be called, and OSError\n"
    "if no thread can be started.");

static PyObject *for_each(PyObject *module, PyObject *args)
{
    struct visit job = {.meeting = PyModule_GetState(module)};
    PyObject *lo, *hi;

    if (!PyArg_ParseTuple(args, "OOO:for_each", &lo, &hi, &job.callback) ||
        range(lo, hi, LIMIT, &job.lo, &job.hi) < 0)
        return NULL;
    if (!PyCallable_Check(job.callback))
        return PyErr_Format(PyExc_TypeError, "callback: expected a callable, not %.100s",
                            Py_TYPE(job.callback)->tp_name);
    if (visit_on_native_thread(&job) < 0)
        return NULL;
    return PyLong_FromUnsignedLongLong(job.visited);
}

PyDoc_STRVAR(meet_doc,
             "meet(n, timeout, /)\n--\n\n"
             "Wait, with the GIL released, until n threads are inside; return how many were.\n\n"
             "n is from 1 to 256; timeout is in seconds, from 0 to 60, and ends the wait without\n"
             "an error. Call reset_inside() before the first thread goes in.\n\n"
             "Raises TypeError for no number, ValueError below, OverflowError above these.");

static PyObject *meet_as(PyObject *module, PyObject *args, int release)
{
    struct meeting *meeting = PyModule_GetState(module);
    PyObject *n_object, *timeout_object;
    PyThreadState *thread = NULL;
    uint64_t n;
    double timeout;

    if (!PyArg_ParseTuple(args, "OO:meet", &n_object, &timeout_object) ||
        whole(n_object, "n", 1, MAX_THREADS, &n) < 0 ||
        seconds(timeout_object, "timeout", MAX_TIMEOUT, &timeout) < 0)
        return NULL;
    if (release)
        thread = PyEval_SaveThread();
    int met = meet(meeting, (int)n, timeout);
    if (release)
        PyEval_RestoreThread(thread);
    return PyLong_FromLong(met);
}

static PyObject *meet_released(PyObject *module, PyObject *args)
{
    return meet_as(module, args, 1);
}

PyDoc_STRVAR(meet_held_doc, "meet_held(n, timeout, /)\n--\n\n"
                            "Like meet(), but holding the GIL: nobody else can come in.");

static PyObject *meet_held(PyObject *module, PyObject *args)
{
    return meet_as(module, args, 0);
}

PyDoc_STRVAR(inside_doc, "inside()\n--\n\n"
                         "Return the highest number of threads that were inside at one moment.");

static PyObject *inside(PyObject *module, PyObject *Py_UNUSED(none))
{
    struct meeting *meeting = PyModule_GetState(module);

    return PyLong_FromLong(meeting->highest);
}

PyDoc_STRVAR(reset_inside_doc, "reset_inside()\n--\n\nStart inside() again.");

static PyObject *reset_inside(PyObject *module, PyObject *Py_UNUSED(none))
{
    meet_reset(PyModule_GetState(module));
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"count_held", count_held, METH_VARARGS, count_held_doc},
    {"count", count, METH_VARARGS, count_doc},
    {"count_interruptible", count_interruptible, METH_VARARGS, count_interruptible_doc},
    {"sum_buffer", sum_buffer, METH_O, sum_buffer_doc},
    {"for_each", for_each, METH_VARARGS, for_each_doc},
    {"meet_held", meet_held, METH_VARARGS, meet_held_doc},
    {"meet", meet_released, METH_VARARGS, meet_doc},
    {"inside", inside, METH_NOARGS, inside_doc},
    {"reset_inside", reset_inside, METH_NOARGS, reset_inside_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030C0000 /* works in a subinterpreter that has a GIL of its own */
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000 /* without it, a free-threaded Python turns its GIL back on */
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_primes",
    .m_doc = "Count primes by trial division, with and without the GIL.",
    .m_size = sizeof(struct meeting), /* its bytes are 0 to begin with */
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__primes(void)
{
    return PyModuleDef_Init(&definition);
}
