"""What a process costs: starting it, and copying to it what it is to work on.

    python3 process_cost.py

argument     a running process is given n MB of numbers as an argument: pickled, sent, unpickled
shared       a running process is given the name of shared memory where the numbers are already
start-...    a process is started, does the same work on numbers of its own, and ends; one row for
             each way to start one that this system has (spawn also imports everything anew)

`sent` is the number of bytes that go to the process.
"""

import array
import contextlib
import functools
import multiprocessing
import os
import pickle
import signal
import time
from concurrent import futures
from multiprocessing.shared_memory import SharedMemory

from bench import fail, header, read_options, row, run, stopwatch, verdict

STEP = 1000  # the work looks at every 1000th number only: it is the cost of getting there we time

# Ctrl-C ends these processes as it ends this one: at once.
one_process = functools.partial(
    futures.ProcessPoolExecutor,
    1,
    initializer=signal.signal,
    initargs=(signal.SIGINT, signal.SIG_DFL),
)


def add_up(numbers):
    """Return the sum of every STEP-th number, and the CPU seconds that this process has used."""
    return int(sum(numbers[::STEP])), time.process_time()


def add_up_shared(name, count):
    """Do the same with count doubles in the shared memory of that name."""
    memory = SharedMemory(name=name)
    try:
        with memory.buf.cast("d") as numbers, numbers[:count] as ours:
            return add_up(ours)
    finally:
        memory.close()


def add_up_own(count):
    return add_up(range(count))


@contextlib.contextmanager
def shared(numbers):
    """Copy the numbers, an array of doubles, to shared memory; give its name."""
    size = 8 * len(numbers)
    try:
        if os.path.isdir("/dev/shm"):  # where it lies, on Linux; writing past its end is fatal
            room = os.statvfs("/dev/shm")
            if room.f_bavail * room.f_frsize < size:
                fail(1, f"/dev/shm has no room for {size / 1e6:.0f} MB of shared memory")
        memory = SharedMemory(create=True, size=size)
    except OSError as error:
        fail(1, f"cannot use shared memory (/dev/shm): {error.strerror}")
    try:
        memory.buf[:size] = memoryview(numbers).cast("B")
        yield memory.name
    finally:
        memory.close()
        memory.unlink()


# Each makes one call in another process, and returns its answer and what it took.


def on_running_process(*call):
    with one_process() as pool:
        _, before = pool.submit(add_up, range(1)).result()  # now it runs
        with stopwatch() as took:
            answer, after = pool.submit(*call).result()
    took.cpu += after - before
    return answer, took


def on_new_process(method, *call):
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        with one_process(context) as pool:
            pool.submit(add_up, range(1)).result()  # starts the server, once for all
    with stopwatch() as took, one_process(context) as pool:
        answer, elsewhere = pool.submit(*call).result()
    if method == "forkserver":
        took.cpu += elsewhere  # its processes are the server's children, not ours
    return answer, took


def main():
    args = read_options(__doc__, n=(80, 1, 1000, "megabytes"))
    count = args.n * 125_000  # doubles of 8 bytes
    numbers, expected = array.array("d", range(count)), sum(range(0, count, STEP))
    # After Ctrl-C it is removed as well; only, that need not be said.
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker"

    method = multiprocessing.get_start_method()
    print(f"{args.n} MB of numbers for a process (this Python starts them by {method})")
    header(f"{'sent':>11}")
    with shared(numbers) as name:
        versions = {
            "argument": (on_running_process, add_up, numbers),
            "shared": (on_running_process, add_up_shared, name, count),
        }
        for method in multiprocessing.get_all_start_methods():
            start = functools.partial(on_new_process, method)
            versions[f"start-{method}"] = start, add_up_own, count
        for version, (measure, *call) in versions.items():
            answer, took = measure(*call)
            row(version, 1, answer, answer == expected, took, f"{len(pickle.dumps(call)):>11,}")
    verdict()


if __name__ == "__main__":
    run(main)
