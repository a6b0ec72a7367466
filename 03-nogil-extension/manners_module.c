/* What a function that gives the GIL back still owes its callers.
 *
 *     make build && python manners.py
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <pthread.h>
#include <time.h>

#include "loops.h"
#include "native_thread.h"

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Count the primes from *n on, for some 20 ms; *n is where it stopped, at hi if it is done. */
static long long count_for_a_while(long long *n, long long hi)
{
    const double end = seconds_now() + 0.020;
    long long primes = 0;

    while (*n < hi && seconds_now() < end)
        primes += is_prime((*n)++);
    return primes;
}

/* Ctrl-C: Python only notes the signal. PyErr_CheckSignals() runs its handler, which raises
 * KeyboardInterrupt. It needs the GIL, and does nothing outside the main thread. */
static PyObject *count_interruptible(PyObject *Py_UNUSED(module), PyObject *args)
{
    long long lo, hi, primes = 0;

    if (!PyArg_ParseTuple(args, "LL:count_interruptible", &lo, &hi))
        return NULL;
    if (!is_range(lo, hi))
        return PyErr_Format(PyExc_ValueError, NO_RANGE, lo, hi);
    while (lo < hi) {
        Py_BEGIN_ALLOW_THREADS
        primes += count_for_a_while(&lo, hi);
        Py_END_ALLOW_THREADS
        if (PyErr_CheckSignals() < 0)
            return NULL;
    }
    return PyLong_FromLongLong(primes);
}

/* Borrowed memory: until PyBuffer_Release() the owner keeps its bytes in place. Whoever resizes a
 * bytearray meanwhile gets a BufferError. Changing the bytes is allowed, and the caller's fault. */
static PyObject *sum_buffer(PyObject *Py_UNUSED(module), PyObject *object)
{
    unsigned long long sum = 0;
    Py_buffer view;

    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < view.len; i++)
        sum += ((const unsigned char *)view.buf)[i];
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&view); /* not before the last byte is read, and with the GIL */
    return PyLong_FromUnsignedLongLong(sum);
}

/* Callbacks: for_each() searches on a thread of its own, and that calls Python. */
struct job {
    struct native native;
    long long lo, hi;
    PyObject *callback;  /* the caller's reference: it waits for us */
    PyObject *exception; /* what the callback raised */
};

/* Return 0, or -1 if the callback raised an exception, which belongs to the thread that it was
 * raised in: it is fetched there, and set again in the caller. */
static int call_back(struct job *job, long long prime)
{
    PyObject *result = PyObject_CallFunction(job->callback, "L", prime);

    if (!result)
        job->exception = PyErr_GetRaisedException();
    Py_XDECREF(result);
    return job->exception ? -1 : 0;
}

/* The native thread. It searches without the GIL, and takes it for each prime. */
static void *visit(void *argument)
{
    struct job *job = argument;
    long long n = job->lo;

    if (native_attach(&job->native) < 0)
        return NULL;
    do {
        Py_BEGIN_ALLOW_THREADS
        while (n < job->hi && !is_prime(n))
            n++;
        Py_END_ALLOW_THREADS
    } while (n < job->hi && call_back(job, n++) == 0);
    native_detach(&job->native);
    return job;
}

/* Start the thread and wait for its end; return 0, or -1 with an exception. */
static int run_native_thread(struct job *job)
{
    void *attached = NULL;
    pthread_t thread;
    int error;

    if (native_open(&job->native) < 0)
        return -1;
    Py_BEGIN_ALLOW_THREADS /* the thread needs the GIL: to hold it while waiting is a deadlock */
    error = pthread_create(&thread, NULL, visit, job);
    if (!error)
        pthread_join(thread, &attached); /* Ctrl-C has to wait for it, too */
    Py_END_ALLOW_THREADS
    native_close(&job->native);

    errno = error;
    if (error)
        PyErr_SetFromErrno(PyExc_OSError);
    else if (!attached)
        PyErr_NoMemory();
    else if (job->exception)
        PyErr_SetRaisedException(job->exception);
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *for_each(PyObject *Py_UNUSED(module), PyObject *args)
{
    struct job job = {0};

    if (!PyArg_ParseTuple(args, "LLO:for_each", &job.lo, &job.hi, &job.callback))
        return NULL;
    if (!is_range(job.lo, job.hi))
        return PyErr_Format(PyExc_ValueError, NO_RANGE, job.lo, job.hi);
    if (run_native_thread(&job) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"count_interruptible", count_interruptible, METH_VARARGS, "count_interruptible(lo, hi)"},
    {"sum_buffer", sum_buffer, METH_O, "sum_buffer(obj): the sum of the bytes of a buffer"},
    {"for_each", for_each, METH_VARARGS, "for_each(lo, hi, callback): callback(prime) for each"},
    {0},
};

static PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_manners",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__manners(void)
{
    return PyModuleDef_Init(&definition);
}
