# A process forks after a parallel loop, and its child stands still in its own.
# expected  With gcc's libgomp the child comes to its loop, "and says nothing more".
# cause     fork copies the memory, but of the threads only the one that calls it. In libgomp's
#           memory the team is there, so the child waits for a thread that does not exist.
# fix       multiprocessing's "spawn" or "forkserver": the child is a fresh process.
# remember  No fork after threads.

from multiprocessing import get_context

from cython.parallel cimport prange, threadid
from threadpoolctl import threadpool_info

LIBOMP = "libomp" in str(threadpool_info())


def work(tell):
    cdef int i
    cdef int ids[2]
    tell("the loop comes")
    for i in prange(2, nogil=True, schedule="static", num_threads=2):
        ids[i] = threadid()
    tell(f"threads {list(ids)} are done")


def broken():
    return "fork"


def fixed_by_spawn():
    return "spawn"


def fixed_by_forkserver():
    return "forkserver"


def observe(function):
    work(lambda text: None)
    context = get_context(function())
    receiver, sender = context.Pipe(False)
    child = context.Process(target=work, args=(sender.send,))
    child.start()
    print("child:", receiver.recv())
    said = receiver.poll(3 if function is broken and not LIBOMP else 60) and receiver.recv()
    child.kill()
    child.join()
    if function is broken and LIBOMP and said:
        print("nothing is seen here: clang's libomp notices the fork; compile with gcc to see it")
    return f"child: {said or 'and says nothing more'}"
