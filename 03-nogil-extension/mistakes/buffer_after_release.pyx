# A buffer is given back, and its memory is used after that.
# expected  "clear() was allowed" while C is still about to read the memory of the bytearray.
# cause     PyBuffer_Release() came before the last use. The pointer is still there, but nothing
#           tells the bytearray any more that it must not move or shrink.
# fix       PyBuffer_Release() after the last use, on every way out: `try` and `finally`.
# remember  A held buffer cannot be resized. AddressSanitizer finds reads of what was given back.

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer


def broken(data, meanwhile):
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    numbers, length = <const unsigned char *>view.buf, view.len
    PyBuffer_Release(&view)  # from here on the memory is only borrowed
    meanwhile()
    return sum(numbers[:length])


def fixed(data, meanwhile):
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    numbers, length = <const unsigned char *>view.buf, view.len
    try:
        meanwhile()
        return sum(numbers[:length])
    finally:
        PyBuffer_Release(&view)


def observe(function):
    data = bytearray(1000)

    def meanwhile():  # stands for other threads, and comes at the worst moment
        data.clear()
        print("clear() was allowed, and C is about to read 1000 bytes that were 0")

    try:
        return f"it has read them, and their sum is {function(data, meanwhile):,}"
    except BufferError as error:
        return f"clear() raised BufferError: {error}"
