"""What probe.py asks on two threads: do they meet in the loop, and what may one of them do then?"""

import ctypes
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from one_thread import doubles

MANY = 100_000  # long enough for any rule that a loop be worth it


def two_wait(harness):
    """Let threads wait in the loop until there are two; return [now in there, most ever]."""
    ctypes.c_int.in_dll(harness, "check_wanted").value = 2
    return (ctypes.c_int * 2).in_dll(harness, "check_room")


def meeting(dot, harness):
    room = two_wait(harness)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(dot, [doubles(MANY)] * 2, [doubles(MANY)] * 2))
    if ctypes.c_int.in_dll(harness, "check_held").value:
        return "the loop holds the GIL; put it between Py_BEGIN_ and Py_END_ALLOW_THREADS"
    if room[1] < 2:
        return "the GIL is released, but no second thread came to the loop; what else is locked?"
    releases = ctypes.c_long.in_dll(harness, "check_releases").value // 2
    if releases > MANY // 100:
        return f"the GIL is released {releases:,} times for {MANY:,} doubles; once is enough"
    return None


def resizing(dot, harness):
    arrays = {"a": doubles(MANY), "b": doubles(MANY)}
    room = two_wait(harness)
    thread = threading.Thread(target=dot, args=tuple(arrays.values()))
    thread.start()
    while thread.is_alive() and not room[0]:
        time.sleep(0.001)
    if not room[0]:
        return "nobody else can try, as long as the GIL is held"
    for name, values in arrays.items():
        try:
            values.append(1.0)
        except BufferError:
            continue
        return (
            f"{name} could be resized during the call; hold its buffer until the loop is done "
            "(a copy is safe, but takes as long as the sum)"
        )
    room[1] = 2  # let the thread go on
    return None
