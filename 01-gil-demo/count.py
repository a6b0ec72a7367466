"""Count down from n, twice: in sequence, on threads, in processes, coroutines, subinterpreters.

    python3 count.py
    python3 count.py -n 1000000 -t 4

Every version takes the same 2n steps, and the answer is the number of steps taken. Threads
share the work out, yet on an ordinary CPython only one of them runs at any moment: `busy`
(CPU time over wall time) stays at 1. Processes have a GIL each, so they do run at once, and so do
several interpreters in one process, which Python code can start since 3.14. A free-threaded
CPython has no GIL: there the threads run at once too.
"""

import argparse
import asyncio
import multiprocessing
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

try:
    from concurrent.futures import InterpreterPoolExecutor
except ImportError:  # before 3.14
    InterpreterPoolExecutor = None

ROW = "{:<16}{:>8}{:>14}{:>#11.4g}{:>9.2f}{:>7.2f}"


def count_down(n):
    """Take n steps down to zero, one bytecode at a time, and return how many were taken."""
    steps = 0
    while n > 0:
        n -= 1
        steps += 1
    return steps


# CPython 3.11 makes this function fast at its eighth call (later ones, in its first loop). Calls
# here, and not in the first row only, give every row the fast one, in new processes too.
for _ in range(8):
    count_down(1)


# Each version takes the list of shares and the number of workers, and returns (steps, CPU seconds
# used in other processes).


def sequential(shares, _workers):
    return sum(count_down(n) for n in shares), 0.0


def threads(shares, workers):
    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(count_down, shares)), 0.0


def count_and_clock(n):
    start = time.process_time()
    return count_down(n), time.process_time() - start


def processes(shares, workers):
    # The pool is started inside the clock: that is what a process costs.
    with ProcessPoolExecutor(workers) as pool:
        steps, cpu = zip(*pool.map(count_and_clock, shares), strict=True)
    return sum(steps), sum(cpu)


def coroutines(shares, _workers):
    async def count(n):
        return count_down(n)  # never awaits, so it never lets another coroutine run

    async def main():
        return sum(await asyncio.gather(*(count(n) for n in shares)))

    return asyncio.run(main()), 0.0


def subinterpreters(shares, workers):
    with InterpreterPoolExecutor(workers) as pool:
        return sum(pool.map(count_down, shares)), 0.0


def run(version, shares, workers):
    """Return what the version returns; end with one line if its workers cannot be started."""
    try:
        return version(shares, workers)
    except (RuntimeError, OSError) as error:
        for child in multiprocessing.active_children():  # of a pool that is not complete
            child.kill()
        sys.exit(f"count.py: cannot start {workers} {version.__name__}: {error}")


def share_out(total, workers):
    """Split total into near-equal whole shares, one a worker."""
    return [total // workers + (i < total % workers) for i in range(workers)]


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
    # Without a usage line in front, a wrong option is reported in one line.
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__.split("\n")[0])
    parser.add_argument(
        "-n",
        type=whole(1, 10**12),
        default=10_000_000,
        help="count down from n (default: %(default)s)",
    )
    parser.add_argument(
        "-t", type=whole(1, 256), default=usable_cpus(), help="threads (default: %(default)s)"
    )
    args = parser.parse_args()

    gil = "with" if getattr(sys, "_is_gil_enabled", lambda: True)() else "without"
    print(f"count down from {args.n:,}, twice; CPython {platform.python_version()} {gil} the GIL")
    print(f"{'version':<16}{'threads':>8}{'answer':>14}{'seconds':>11}{'speedup':>9}{'busy':>7}")
    base = wrong = 0
    # A warm-up: with CPython 3.11, the first row was up to 10% slower than the same work was after
    # the process had started a thread, and threads seemed to help.
    run(threads, [1], 1)
    versions = [(sequential, 1), (threads, args.t), (processes, args.t), (coroutines, 1)]
    if InterpreterPoolExecutor:
        versions.append((subinterpreters, args.t))
    for version, workers in versions:
        shares = share_out(2 * args.n, max(2, workers))
        wall, cpu = time.perf_counter(), time.process_time()
        answer, elsewhere = run(version, shares, workers)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu + elsewhere
        base = base or wall
        wrong += answer != 2 * args.n
        name = "asyncio" if version is coroutines else version.__name__
        print(ROW.format(name, workers, answer, wall, base / wall, cpu / wall), flush=True)
    if not InterpreterPoolExecutor:
        print("\nno row for subinterpreters: their pool needs Python 3.14")
    if wrong:
        sys.exit(f"count.py: wrong answer in {wrong} rows, expected {2 * args.n}")


if __name__ == "__main__":
    main()
