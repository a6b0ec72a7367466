"""What a process costs: starting it, and copying to it what it is to work on.

    python3 process_cost.py

argument     a running process is given n MB of numbers as an argument: pickled, sent, unpickled
shared       a running process is given the name of shared memory where the numbers are already
start-...    a process is started, does the same work on numbers of its own, and ends; one row for
             each way to start one that this system has (spawn also imports everything anew)

`sent` is the number of bytes that go to the process.
"""

import argparse
import array
import multiprocessing
import os
import pickle
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.shared_memory import SharedMemory

STEP = 1000  # the work looks at every 1000th number only: it is the cost of getting there we time
ROW = "{:<17}{:>8}{:>14}{:>#11.4g}{:>9.2f}{:>7.2f}{:>15,}"


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


# Each takes the way to start processes and the call that one is to make; it returns the answer, the
# wall and CPU seconds, and the bytes sent.


def on_running_process(context, *call):
    with ProcessPoolExecutor(1, context) as pool:
        _, before = pool.submit(add_up, range(1)).result()  # now it runs
        wall, cpu = time.perf_counter(), time.process_time()
        answer, after = pool.submit(*call).result()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return answer, wall, cpu + after - before, len(pickle.dumps(call))


def on_new_process(context, *call):
    wall, cpu = time.perf_counter(), time.process_time()
    with ProcessPoolExecutor(1, context) as pool:
        answer, elsewhere = pool.submit(*call).result()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return answer, wall, cpu + elsewhere, len(pickle.dumps(call))


def whole(low, high):
    """Make an argparse type: a whole number from low to high."""

    def parse(text):
        digits = text.isascii() and text.isdigit() and len(text) < 20
        if not (digits and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(
                f"{text!r}: expected a whole number from {low} to {high}"
            )
        return int(text)

    return parse


def rows(megabytes):
    """Yield (version, answer, wall seconds, CPU seconds, bytes sent) for each version.

    Raises OSError where there is no room for the shared memory.
    """
    count = megabytes * 125_000  # doubles of 8 bytes
    numbers = array.array("d", range(count))
    if os.path.isdir("/dev/shm"):  # a container's is often small, and writing past its end is fatal
        room = os.statvfs("/dev/shm")
        if room.f_bavail * room.f_frsize < 8 * count:
            raise OSError(f"/dev/shm has no room for {megabytes} MB of shared memory")
    memory = SharedMemory(create=True, size=8 * count)
    try:
        memory.buf[: 8 * count] = memoryview(numbers).cast("B")
        context = multiprocessing.get_context()
        yield "argument", *on_running_process(context, add_up, numbers)
        yield "shared", *on_running_process(context, add_up_shared, memory.name, count)
        for method in multiprocessing.get_all_start_methods():
            context = multiprocessing.get_context(method)
            if method == "forkserver":
                on_new_process(context, add_up_own, 1)  # starts the server, once for all
            yield f"start-{method}", *on_new_process(context, add_up_own, count)
    finally:
        memory.close()
        memory.unlink()


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__.split("\n")[0])
    parser.add_argument(
        "-n", type=whole(1, 1000), default=80, help="megabytes, 1 to 1000 (default: %(default)s)"
    )
    args = parser.parse_args()

    print(f"{args.n} MB of numbers for a process (this Python starts them by", end=" ")
    print(f"{multiprocessing.get_context().get_start_method()})")
    print(
        f"{'version':<17}{'threads':>8}{'answer':>14}{'seconds':>11}{'speedup':>9}{'busy':>7}"
        f"{'sent':>15}"
    )
    base = wrong = 0
    expected = sum(range(0, args.n * 125_000, STEP))
    try:
        for version, answer, wall, cpu, sent in rows(args.n):
            base = base or wall
            wrong += answer != expected
            print(ROW.format(version, 1, answer, wall, base / wall, cpu / wall, sent), flush=True)
    except (MemoryError, OSError, RuntimeError) as error:
        for child in multiprocessing.active_children():  # of a pool that is not complete
            child.kill()
        sys.exit(f"process_cost.py: cannot run: {str(error) or 'out of memory'}")
    if wrong:
        sys.exit(f"process_cost.py: wrong answer in {wrong} rows, expected {expected}")


if __name__ == "__main__":
    main()
