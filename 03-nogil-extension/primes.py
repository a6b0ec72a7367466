"""Count the primes below n on threads that share one GIL: held, and released.

    ../.venv/bin/python primes.py
    ../.venv/bin/python primes.py -n 200000 -t 4

The loop is C, in primesmodule.c, and the same in every row. `held` keeps the GIL while it runs,
`released` gives it back first, `interruptible` in pieces, so that Ctrl-C could stop it (in the main
thread: Python handles signals in no other). The last two are the same loop in Cython, in
primes.pyx. `inside` is how many threads were in the loop at one moment.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "build"))
try:
    import _primes
    import primes_cython
except ImportError as error:
    print(
        f"primes.py: {error}; in 03-nogil-extension, type: make build",
        file=sys.stderr,
    )
    sys.exit(2)

ROW = "{:<15}{:>8}{:>14}{:>#11.4g}{:>9.2f}{:>7.2f}{:>8}"
KNOWN = {200_000: 17_984, 1_000_000: 78_498, 2_000_000: 148_933}


def count_primes(count, n, threads):
    """Count the primes below n with count(lo, hi), called for many ranges on a pool of threads.

    Large numbers take longer than small ones. So there are more ranges than threads, and a
    thread that is done takes the next one.
    """
    pieces = max(64, 4 * threads)
    cuts = [n * i // pieces for i in range(pieces + 1)]
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(count, cuts[:-1], cuts[1:]))


def rendezvous(module, meet, timeout):
    """Let two threads wait for each other inside C; return how many were there at once."""
    module.reset_inside()
    with ThreadPoolExecutor(2) as pool:
        return max(pool.map(meet, [2, 2], [timeout, timeout]))


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
        "-t", type=whole(1, 256), default=usable_cpus(), help="threads (default: %(default)s)"
    )
    args = parser.parse_args()

    print(f"count the primes below {args.n:,} by trial division")
    print(
        f"{'version':<15}{'threads':>8}{'answer':>14}{'seconds':>11}{'speedup':>9}{'busy':>7}"
        f"{'inside':>8}"
    )
    base = wrong = 0
    expected = KNOWN.get(args.n)
    for version, module, count, threads in (
        ("sequential", _primes, _primes.count_held, 1),
        ("held", _primes, _primes.count_held, args.t),
        ("released", _primes, _primes.count, args.t),
        ("interruptible", _primes, _primes.count_interruptible, args.t),
        ("cython-held", primes_cython, primes_cython.count_held, args.t),
        ("cython-released", primes_cython, primes_cython.count, args.t),
    ):
        module.reset_inside()
        wall, cpu = time.perf_counter(), time.process_time()
        answer = count_primes(count, args.n, threads)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        base = base or wall
        expected = answer if expected is None else expected
        wrong += answer != expected
        row = version, threads, answer, wall, base / wall, cpu / wall, module.inside()
        print(ROW.format(*row), flush=True)
    if wrong:
        sys.exit(f"primes.py: wrong answer in {wrong} rows, expected {expected}")

    # The held wait is bound to time out, so it is short; the released ones end when they meet.
    held = rendezvous(_primes, _primes.meet_held, 0.1)
    released = rendezvous(_primes, _primes.meet, 30)
    cython = rendezvous(primes_cython, primes_cython.meet, 30)
    print(
        f"\ntwo threads wait for each other inside: held, {held} came; released, {released} came; "
        f"in Cython, {cython} came"
    )
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    if released != 2 or cython != 2 or (gil and held != 1):
        sys.exit("primes.py: wrong: with the GIL held 1 can come, with the GIL released 2 do")


if __name__ == "__main__":
    main()
