"""What a process costs: starting it, and copying to it what it is to work on.

    python3 process_cost.py

argument     a running process gets n MB of numbers as an argument: pickled, sent, unpickled
shared       a running process gets the name of shared memory in which the numbers already are
fork ...     a process is started, does the work, and ends: a row for each way to start one here

`sent` is the size of what is pickled for the call, in bytes. The work looks at every 1000th number
only, so that the rows show what it costs to get there.
"""

import array
import contextlib
import multiprocessing
import os
import pickle
import shutil
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.shared_memory import SharedMemory

from bench import fail, header, read_options, row, run, stopwatch, verdict


def add_up(numbers):
    return int(sum(numbers[::1000]))


def add_up_shared(name, count):
    memory = SharedMemory(name=name)
    with memory.buf.cast("d") as numbers:
        answer = add_up(numbers[:count])
    memory.close()
    return answer


@contextlib.contextmanager
def shared(numbers):
    """Copy an array of doubles to shared memory, and give its name."""
    size = 8 * len(numbers)
    # That is where it lies on Linux, and to write where no room is left kills the process.
    if os.path.isdir("/dev/shm") and shutil.disk_usage("/dev/shm").free < size:
        fail(1, f"/dev/shm has no room for {size / 1e6:.0f} MB; choose a smaller -n")
    memory = SharedMemory(create=True, size=size)
    try:
        memory.buf[:size] = memoryview(numbers).cast("B")
        yield memory.name
    finally:
        memory.close()
        memory.unlink()


def on_running_process(method, *work):
    """Return the answer of a call in a process that runs already, and what the call took."""
    with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
        pool.submit(int).result()  # now it runs
        with stopwatch() as took:
            answer = pool.submit(*work).result()
    return answer, took


def on_new_process(method, *work):
    """Return the answer of a call in a process that is started for it, and what all of it took."""
    context = multiprocessing.get_context(method)
    with stopwatch() as took, ProcessPoolExecutor(1, context) as pool:
        answer = pool.submit(*work).result()
    return answer, took


def main():
    args = read_options(__doc__, n=(40, 1, 1000, "megabytes"))
    count = args.n * 125_000  # doubles of 8 bytes
    numbers = array.array("d", range(count))
    # After Ctrl-C Python's resource tracker removes the memory, and would warn that it had to.
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker"

    print(f"{args.n} MB of numbers for another process")
    header(f"{'sent':>11}")
    with shared(numbers) as name:
        versions = {
            "argument": (on_running_process, None, add_up, numbers),
            "shared": (on_running_process, None, add_up_shared, name, count),
        }
        for method in multiprocessing.get_all_start_methods():
            versions[method] = on_new_process, method, add_up, range(count)
        for version, (measure, method, *work) in versions.items():
            # Ctrl-C has to wait until no process is left that would say where it was interrupted.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            measure(method, int)  # warm up: this starts a fork server, once for all
            answer, took = measure(method, *work)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            sent = f"{len(pickle.dumps(work)):>11,}"
            row(version, 1, answer, answer == add_up(numbers), took, sent)
    verdict()


if __name__ == "__main__":
    run(main)
