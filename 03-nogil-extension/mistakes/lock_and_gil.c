/* Two threads, two locks: a mutex of our own, and the GIL, which is a lock as well.
 *
 *     python mistakes/lock_and_gil.py
 */
#include <Python.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* protects entries */
static long entries;
static atomic_int visiting, inserting; /* only to make the unlucky moment certain */

/* Works on the table without the GIL, but keeps the mutex until it has the GIL back. */
static PyObject *visit(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    const struct timespec nap = {.tv_nsec = 1000000};
    PyThreadState *thread = PyEval_SaveThread();
    pthread_mutex_lock(&mutex);
    atomic_store(&visiting, 1);
    while (!atomic_load(&inserting))
        nanosleep(&nap, NULL);
    PyEval_RestoreThread(thread); /* has the mutex, wants the GIL */
    PyObject *answer = PyLong_FromLong(entries);
    pthread_mutex_unlock(&mutex);
    return answer;
}

static PyObject *insert_broken(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    atomic_store(&inserting, 1);
    pthread_mutex_lock(&mutex); /* has the GIL, wants the mutex */
    entries++;
    pthread_mutex_unlock(&mutex);
    Py_RETURN_NONE;
}

static PyObject *insert_fixed(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    PyThreadState *thread = PyEval_SaveThread();
    atomic_store(&inserting, 1);
    pthread_mutex_lock(&mutex); /* has nothing, wants the mutex */
    entries++;
    pthread_mutex_unlock(&mutex);
    PyEval_RestoreThread(thread);
    Py_RETURN_NONE;
}

static PyObject *is_visiting(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    return PyBool_FromLong(atomic_load(&visiting));
}

static PyMethodDef methods[] = {
    {"visit", visit, METH_NOARGS, "Count the entries with the table locked."},
    {"insert_broken", insert_broken, METH_NOARGS, "Wait for the mutex with the GIL held."},
    {"insert_fixed", insert_fixed, METH_NOARGS, "Wait for the mutex without the GIL."},
    {"is_visiting", is_visiting, METH_NOARGS, "Tell whether visit() has the mutex."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "lock_and_gil",
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit_lock_and_gil(void)
{
    return PyModuleDef_Init(&definition);
}
