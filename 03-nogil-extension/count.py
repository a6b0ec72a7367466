"""Take n steps in Cython: declared nogil, really released, and deleted by the compiler.

    ../.venv/bin/python count.py
    ../.venv/bin/python count.py -n 100000000 -t 4

The three functions are in counter.pyx, and the answer is the number of steps taken. `inside` is
how many threads were in the loop at one moment; the deleted one has no loop to be in.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "build"))
try:
    import counter
except ImportError as error:
    print(
        f"count.py: {error}; in 03-nogil-extension, type: make build",
        file=sys.stderr,
    )
    sys.exit(2)

ROW = "{:<14}{:>8}{:>14}{:>#11.4g}{:>9.2f}{:>7.2f}{:>8}"


def take_steps(count, n, threads):
    """Take n steps with count(share), called for many shares on a pool of threads."""
    pieces = max(64, 4 * threads)
    shares = [n // pieces + (i < n % pieces) for i in range(pieces)]
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(count, shares))


def quickest(n):
    """Return the shortest of five times of deleted(n), in seconds."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        counter.deleted(n)
        times.append(time.perf_counter() - start)
    return min(times)


def verdict():
    """Say what deleted() costs, with ever more steps until it costs a millisecond."""
    for n in (10**power for power in range(3, 16)):
        seconds = quickest(n)
        if seconds > 0.001:
            return f"deleted({n:,}) takes {seconds:.2g} s: this compiler kept the loop"
    return f"deleted({n:,}) takes {seconds * 1e6:.2g} microseconds: it does no work at all"


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
        "-n", type=whole(1, 10**11), default=3 * 10**8, help="steps to take (default: %(default)s)"
    )
    parser.add_argument(
        "-t", type=whole(1, 256), default=usable_cpus(), help="threads (default: %(default)s)"
    )
    args = parser.parse_args()

    print(f"take {args.n:,} steps in Cython")
    print(
        f"{'version':<14}{'threads':>8}{'answer':>14}{'seconds':>11}{'speedup':>9}{'busy':>7}"
        f"{'inside':>8}"
    )
    base = wrong = 0
    for version, count, threads in (
        ("sequential", counter.declared, 1),
        ("declared", counter.declared, args.t),
        ("released", counter.released, args.t),
        ("deleted", counter.deleted, 1),
    ):
        counter.reset_inside()
        wall, cpu = time.perf_counter(), time.process_time()
        answer = take_steps(count, args.n, threads)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        base = base or wall
        wrong += answer != args.n
        inside = "-" if version == "deleted" else counter.inside()
        row = version, threads, answer, wall, base / wall, cpu / wall, inside
        print(ROW.format(*row), flush=True)
    if wrong:
        sys.exit(f"count.py: wrong answer in {wrong} rows, expected {args.n}")

    print(f"\n{verdict()}")


if __name__ == "__main__":
    main()
