# Two threads wait for each other: one has the GIL, one a lock.
# expected  A deadlock. After two seconds a watchdog says "Timeout" and ends the process.
# cause     visit() keeps the mutex while it waits for the GIL. broken() keeps the GIL while it
#           waits for the mutex. Each has what the other needs.
# fix       Release the GIL before you wait for the mutex, everywhere.
# remember  The GIL is a lock, too. Never wait for another lock while you hold it.

import faulthandler
from threading import Thread
from time import sleep

from meet cimport meet, meeting

cdef extern from *:
    """
    #include <pthread.h>
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // protects a table
    static void lock(void) { pthread_mutex_lock(&mutex); }
    static void unlock(void) { pthread_mutex_unlock(&mutex); }
    """
    void lock() noexcept nogil
    void unlock() noexcept nogil

cdef meeting room  # makes the unlucky moment certain


def visit():
    with nogil:
        lock()
        meet(&room, 2, 60)
    unlock()  # only here, where the GIL is back
    print("visit() is done")


def broken():
    meet(&room, 2, 60)
    lock()
    unlock()


def fixed():
    with nogil:
        meet(&room, 2, 60)
        lock()
        unlock()


def observe(function):
    faulthandler.dump_traceback_later(2 if function.__name__ == "broken" else 60, exit=True)
    Thread(target=visit).start()
    while room.inside == 0:  # until visit() has the mutex
        sleep(0.001)
    print(f"visit() has the mutex, and {function.__name__}() begins")
    function()
    return f"{function.__name__}() is done"
