"""Count the primes below n in many languages: one loop, and the GIL released by each in its way.

    make build && ../.venv/bin/python other-languages/primes.py
    ../.venv/bin/python other-languages/primes.py -n 200000 -t 4

Every language counts on one thread, which compares the loops, and then on -t threads. `inside` is
how many threads were in the loop at one moment. What is not here is left out, and named below.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from languages import LANGUAGES, load_all

ROW = "{:<18}{:>8}{:>14}{:>#11.4g}{:>9.2f}{:>7.2f}{:>8}"
KNOWN = {200_000: 17_984, 1_000_000: 78_498, 2_000_000: 148_933}


def count_primes(count, n, threads):
    """Count the primes below n with count(lo, hi), called for many ranges on a pool of threads."""
    pieces = max(64, 4 * threads)
    cuts = [n * i // pieces for i in range(pieces + 1)]
    with ThreadPoolExecutor(threads) as pool:
        try:
            return sum(pool.map(count, cuts[:-1], cuts[1:]))
        except RuntimeError as error:  # the system allows no more of them
            pool.shutdown(cancel_futures=True)
            sys.exit(f"primes.py: cannot start a thread: {error}")


def rendezvous(meet, counters, timeout):
    """Let two threads wait for each other in native code; return how many were there at once."""
    counters.reset_inside()
    with ThreadPoolExecutor(2) as pool:
        return max(pool.map(meet, [2, 2], [timeout, timeout]))


def print_meetings(here):
    """Print how many threads came together in each language; return the languages at fault."""
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    wrong = []
    print("\ntwo threads wait for each other in native code, and so many come:")
    print(f"{'':<18}{'released by':<20}{'come':>6}    {'held by':<14}{'come':>6}")
    for language, (functions, counters) in here.items():
        _, release, hold = LANGUAGES[language]
        # The held wait is bound to time out, so it is short; the other ends when they meet.
        released, held = rendezvous(functions.meet, counters, 30), "-"
        if hasattr(functions, "meet_held"):
            held = rendezvous(functions.meet_held, counters, 0.1)
        if released != 2 or (gil and held not in {1, "-"}):
            wrong.append(language)
        print(f"{language:<18}{release:<20}{released:>6}    {hold:<14}{held:>6}")
    return wrong


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
        "-n", type=whole(1, 10**8), default=1_000_000, help="primes below n (default: %(default)s)"
    )
    parser.add_argument(
        "-t", type=whole(1, 256), default=usable_cpus(), help="threads (default: %(default)s)"
    )
    args = parser.parse_args()
    try:
        here, missing = load_all()
    except (ImportError, OSError) as error:
        print(f"primes.py: {error}; in 03-nogil-extension, type: make build", file=sys.stderr)
        sys.exit(2)

    print(f"count the primes below {args.n:,} in {len(here)} languages")
    print(
        f"{'version':<18}{'threads':>8}{'answer':>14}{'seconds':>11}{'speedup':>9}{'busy':>7}"
        f"{'inside':>8}"
    )
    base, wrong, expected = 0, [], KNOWN.get(args.n)
    for suffix, threads in ("", 1), ("-threads", args.t):
        for language, (functions, counters) in here.items():
            counters.reset_inside()
            wall, cpu = time.perf_counter(), time.process_time()
            answer = count_primes(functions.count, args.n, threads)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            base = base or wall
            expected = answer if expected is None else expected
            if answer != expected:
                wrong.append(language + suffix)
            row = language + suffix, threads, answer, wall, base / wall, cpu / wall
            print(ROW.format(*row, counters.inside()), flush=True)
    if wrong:
        sys.exit(f"primes.py: wrong answer in {', '.join(wrong)}; expected {expected}")

    wrong = print_meetings(here)
    if missing:
        print()
    for language, reason in missing.items():
        print(f"left out: {language} ({reason})")
    if wrong:
        sys.exit(f"primes.py: wrong in {', '.join(wrong)}: 2 come when released, 1 when held")


if __name__ == "__main__":
    main()
