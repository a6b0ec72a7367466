"""Three ways for Python threads to count together, to n: the GIL does not keep the steps from harm.

    python3 shared_counter.py
    python3 shared_counter.py -n 1000000 -t 4

unlocked      one counter, read and written by all: steps are lost
lock          one counter, and a lock around every step
per-thread    a counter for each thread, added up at the end
"""

import argparse
import os
import sys
import threading
import time

GIVE_WAY = 4000
ROW = "{:<14}{:>8}{:>14}{:>#11.4g}{:>9.2f}{:>7.2f}{:>14}{:>10.1f}"


class Counter:
    def __init__(self):
        self.count = 0
        self.lock = threading.Lock()


# Each version takes the counter that all threads share and the steps of one thread. It returns
# what is to be added to the shared counter at the end.


def sequential(_counter, steps):
    count = 0
    for _ in range(steps):
        count += 1
    return count


def unlocked(counter, steps):
    for step in range(steps):
        value = counter.count
        # At a call the GIL can pass to another thread, and a call that sleeps passes it on every
        # time. Without a call here, CPython does not let go of it today; nothing promises that.
        if step % GIVE_WAY == 0:
            time.sleep(1e-6)
        counter.count = value + 1
    return 0


def lock(counter, steps):
    for _ in range(steps):
        with counter.lock:
            counter.count += 1
    return 0


def count_on_threads(version, n, threads):
    """Share n steps out to threads that start together; return what they counted."""
    counter, own, gate = Counter(), [0] * threads, threading.Event()
    called_off = False

    def work(i):
        gate.wait()
        if not called_off:
            own[i] = version(counter, n // threads + (i < n % threads))

    started = []
    try:
        for i in range(threads):
            thread = threading.Thread(target=work, args=[i])
            thread.start()
            started.append(thread)
    except RuntimeError as error:  # the system allows no more of them
        called_off = True
        sys.exit(f"shared_counter.py: cannot start a thread: {error}")
    finally:
        gate.set()
        for thread in started:
            thread.join()
    return counter.count + sum(own)


def usable_cpus():
    """Count the CPUs this process may use: affinity, then the cgroup's quota; at least 2."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = map(int, file.read().split())
        cpus = min(cpus, -(-quota // period))
    except (OSError, ValueError):  # no such file, or it says "max": no quota
        pass
    return max(2, min(cpus, 256))


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


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__.split("\n")[0])
    parser.add_argument(
        "-n", type=whole(1, 10**12), default=1_000_000, help="count to n (default: %(default)s)"
    )
    parser.add_argument(
        "-t", type=whole(1, 256), default=usable_cpus(), help="threads (default: %(default)s)"
    )
    args = parser.parse_args()

    print(f"count to {args.n:,} together; ns/step: seconds / {args.n:,}")
    print(
        f"{'version':<14}{'threads':>8}{'answer':>14}{'seconds':>11}{'speedup':>9}{'busy':>7}"
        f"{'lost':>14}{'ns/step':>10}"
    )
    base = wrong = 0
    for name, version, threads in (
        ("sequential", sequential, 1),
        ("unlocked", unlocked, args.t),
        ("lock", lock, args.t),
        ("per-thread", sequential, args.t),
    ):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = count_on_threads(version, args.n, threads)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        base = base or wall
        lost = args.n - answer
        wrong += lost != 0 and version is not unlocked
        cells = name, threads, answer, wall, base / wall, cpu / wall, lost, wall * 1e9 / args.n
        print(ROW.format(*cells), flush=True)
    print("\nunlocked is wrong on purpose: two threads read the same number, both write that + 1,")
    print(f"and one step is lost. It gives way between the two at every {GIVE_WAY}th step.")
    if wrong:
        sys.exit(f"shared_counter.py: wrong answer in {wrong} rows, expected {args.n}")


if __name__ == "__main__":
    main()
