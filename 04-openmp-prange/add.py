"""Add two vectors with NumPy, with Cython on one core, and with Cython on all of them.

    make build && ../.venv/bin/python add.py

GB/s counts what the loop asks for, 24 bytes an element: a and b are read, out is written.
"""

import argparse
import contextlib
import functools
import importlib
import os
import sys
import time
from pathlib import Path

import numpy as np

HEADER = "{:<14}{:>8}{:>17}{:>11}{:>9}{:>7}{:>8}"
ROW = "{:<14}{:>8} {:>16}{:>#11.4g}{:>9.2f}{:>7.2f}{:>8.1f}"
BLOCK = 1_000_000


def seconds_of(add):
    """Add until 0.2 s are over, looking at the clock ever less often.

    Return (seconds of one addition, CPU time over wall time).
    """
    wall, cpu, passed, passes = time.perf_counter(), time.process_time(), 0.0, 0
    while passed < 0.2:
        more = passes // 2 + 1
        for _ in range(more):
            add()
        passes += more
        passed = time.perf_counter() - wall
    return passed / passes, (time.process_time() - cpu) / passed


def check(out):
    """Return the sum of the right elements as an exact integer, and the number of wrong ones.

    A sum of doubles is exact below 2**53, which a block stays under. NaN compares as wrong.
    """
    answer = wrong = 0
    for low in range(0, len(out), BLOCK):
        part = out[low : low + BLOCK]
        right = part == 3.0 * np.arange(low, low + len(part))
        answer += int(part[right].sum())
        wrong += len(part) - int(np.count_nonzero(right))
    return answer, wrong


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


def default_threads(parser):
    """Read OMP_NUM_THREADS ("4", or "4,2" for nested teams: the first), if there is one.

    OpenMP runtimes hang or crash on other values, so this comes before the extension is loaded.
    """
    text = os.environ.get("OMP_NUM_THREADS")
    if text is None:
        return usable_cpus()
    try:
        team, *_nested = [whole(1, 256)(part) for part in text.split(",")]
    except argparse.ArgumentTypeError:
        parser.error(f"OMP_NUM_THREADS {text!r}: expected a whole number from 1 to 256")
    return team


def largest_n():
    """Three arrays must fit in three quarters of the memory; the answer fits in 64 bits."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):  # no such file, or it says "max": no limit
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return min(memory * 3 // 4 // 24, 10**9)


def main():
    # Without a usage line in front, a wrong option is reported in one line.
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__.split("\n")[0])
    threads = default_threads(parser)
    parser.add_argument(
        "-n", type=whole(1, largest_n()), default=10_000_000, help="elements (default: %(default)s)"
    )
    parser.add_argument(
        "-t", type=whole(1, 256), default=threads, help="threads (default: %(default)s)"
    )
    args = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parent / "build"))
    try:
        ext = importlib.import_module("parallel_add")
    except ImportError as error:
        parser.error(f"{error}; in 04-openmp-prange, type: make build")
    try:
        a = np.arange(args.n, dtype=np.float64)
        b = 2 * a
        out = np.empty(args.n)
    except MemoryError:
        parser.error(f"-n '{args.n}': no memory for three vectors; expected a lower number")

    # The rows with threads stand last: idle OpenMP workers spin for a while, waiting for more
    # to do, and would slow a row that follows them down.
    versions = [
        ("numpy", 1, functools.partial(np.add, a, b, out=out)),
        ("cython-serial", 1, functools.partial(ext.add_serial, a, b, out)),
        ("cython-prange", args.t, functools.partial(ext.add_arrays, a, b, out, args.t)),
    ]
    if ext.STREAMING:
        stream = functools.partial(ext.add_arrays_stream, a, b, out, args.t)
        versions.append(("prange-stream", args.t, stream))

    print(f"add two vectors of {args.n} doubles; seconds for one addition")
    print(HEADER.format("version", "threads", "answer", "seconds", "speedup", "busy", "GB/s"))
    base = all_wrong = 0
    for name, workers, add in versions:
        out.fill(np.nan)  # a version that leaves an element out cannot pass with an old sum
        seconds, busy = seconds_of(add)
        answer, wrong = check(out)
        base = base or seconds
        all_wrong += wrong
        rate = 24 * args.n / seconds / 1e9
        print(ROW.format(name, workers, answer, seconds, base / seconds, busy, rate), flush=True)
    print("\nthread of each eighth:", *ext.team_ids(args.n, args.t))
    print("`make chapter-4` measures this beside the limit of the machine")
    if all_wrong:
        sys.exit(f"add.py: wrong answer; elements that are not a + b: {all_wrong}")


if __name__ == "__main__":
    main()
