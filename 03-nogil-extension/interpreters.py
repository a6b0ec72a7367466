"""Several interpreters in one process, each with a GIL of its own, all holding it (CPython 3.14).

    python3.14 interpreters.py
    python3.14 interpreters.py -n 200000 -t 4

Every row calls count_held of primesmodule.c, which never lets go of the GIL. Two threads of one
interpreter take turns; two interpreters do not, because there are two GILs to hold. Each imports
the module anew and has its own state: that is what Py_mod_multiple_interpreters promises.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

try:
    from concurrent import interpreters
except ImportError:
    print(
        "interpreters.py: needs CPython 3.14 or newer, whose interpreters have a GIL each "
        f"(this is {sys.version.split()[0]})"
    )
    sys.exit(0)

BUILD = str(Path(__file__).resolve().parent / "build")
sys.path.insert(0, BUILD)
try:
    import _primes
except ImportError as error:
    print(
        f"interpreters.py: {error}; in 03-nogil-extension, type: make build for this Python",
        file=sys.stderr,
    )
    sys.exit(2)

ROW = "{:<14}{:>8}{:>14}{:>#11.4g}{:>9.2f}{:>7.2f}"
KNOWN = {200_000: 17_984, 1_000_000: 78_498, 2_000_000: 148_933}

# Run in another interpreter, where nothing is imported yet and nothing of ours is known.
IMPORT = """
import sys
sys.path.insert(0, build)
import _primes
"""
COUNT = "answers.put(sum(_primes.count_held(lo, hi) for lo, hi in ranges))"
HOLD = """
import time
answers.put(time.monotonic())
_primes.meet_held(2, seconds)
answers.put(time.monotonic())
"""


def ranges_for(n, thread, threads):
    """Return every threads-th range of [0, n): neighbours cost about the same."""
    pieces = 32 * threads
    cuts = [n * i // pieces for i in range(pieces + 1)]
    return tuple(list(pairwise(cuts))[thread::threads])


def in_threads(work, threads):
    """Run work(thread) on so many threads of this interpreter; return what each returned."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, range(threads)))


def one_interpreter(n, threads):
    """Count on threads that share this interpreter's GIL."""

    def work(thread):
        return sum(_primes.count_held(lo, hi) for lo, hi in ranges_for(n, thread, threads))

    return sum(in_threads(work, threads))


def many_interpreters(pool, answers, n):
    """Count in as many interpreters as the pool has, each run by a thread of ours."""
    for i, interpreter in enumerate(pool):
        interpreter.prepare_main(answers=answers, ranges=ranges_for(n, i, len(pool)))
    in_threads(lambda i: pool[i].exec(COUNT), len(pool))
    return sum(answers.get() for _ in pool)


def calls_beside(interpreter, answers, seconds):
    """Count how many calls this interpreter makes while the other one holds its GIL in C.

    It is in C for so many seconds, somewhere between two moments that it noted. So it was there
    for certain from `seconds` before the second until `seconds` after the first.
    """
    interpreter.prepare_main(answers=answers, seconds=seconds)
    ends = []
    with ThreadPoolExecutor(1) as pool:
        holds = pool.submit(interpreter.exec, HOLD)
        while not holds.done():
            _primes.count_held(0, 1000)
            ends.append(time.monotonic())
        holds.result()
    before, after = answers.get(), answers.get()
    return sum(after - seconds < end < before + seconds for end in ends)


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
        "-n", type=whole(1, 10**8), default=2_000_000, help="primes below n (default: %(default)s)"
    )
    parser.add_argument(
        "-t", type=whole(1, 64), default=usable_cpus(), help="threads (default: %(default)s)"
    )
    args = parser.parse_args()

    # Starting an interpreter takes some ten milliseconds: outside the clock.
    answers = interpreters.create_queue()
    pool = [interpreters.create() for _ in range(args.t)]
    for interpreter in pool:
        interpreter.prepare_main(build=BUILD)
        interpreter.exec(IMPORT)

    print(f"count the primes below {args.n:,}, always holding a GIL")
    print(f"{'version':<14}{'threads':>8}{'answer':>14}{'seconds':>11}{'speedup':>9}{'busy':>7}")
    base = wrong = 0
    expected = KNOWN.get(args.n)
    for version, threads, count in (
        ("sequential", 1, lambda: one_interpreter(args.n, 1)),
        ("one-gil", args.t, lambda: one_interpreter(args.n, args.t)),
        ("interpreters", args.t, lambda: many_interpreters(pool, answers, args.n)),
    ):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = count()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        base = base or wall
        expected = answer if expected is None else expected
        wrong += answer != expected
        print(ROW.format(version, threads, answer, wall, base / wall, cpu / wall), flush=True)
    if wrong:
        sys.exit(f"interpreters.py: wrong answer in {wrong} rows, expected {expected}")

    for seconds in (0.3, 3.0, 30.0):  # more than once only where the machine is very busy
        calls = calls_beside(pool[0], answers, seconds)
        if calls:
            break
    for interpreter in pool:
        interpreter.close()
    print(f"\nwhile another interpreter held its GIL for {seconds} s, this one made {calls} calls")
    if not calls:
        sys.exit("interpreters.py: wrong: the interpreters share one GIL")


if __name__ == "__main__":
    main()
