"""Count the primes below n in many languages: one loop, and the GIL released by each in its way.

    make build && python other-languages/primes.py
    python other-languages/primes.py -n 200000 -t 4

Every language counts on one thread, which compares the loops, and then on -t threads. `inside` is
how many threads were in the loop at one moment. What is not here is left out, and named below.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from bench import fail, header, read_options, row, run, stopwatch, verdict
from languages import LANGUAGES, load_all

KNOWN = {200_000: 17_984, 1_000_000: 78_498, 2_000_000: 148_933}


def count_primes(count, n, threads):
    """Count the primes below n with count(lo, hi), called for many ranges on a pool of threads."""
    pieces = max(64, 4 * threads)
    cuts = [n * i // pieces for i in range(pieces + 1)]
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(count, cuts[:-1], cuts[1:]))


def print_counts(here, n, t):
    header("inside")
    for suffix, threads in ("", 1), ("-threads", t):
        for language, (functions, counters) in here.items():
            counters.reset_inside()
            with stopwatch() as took:
                answer = count_primes(functions.count, n, threads)
            # Where no answer is known, all must agree with the first one.
            right = answer == KNOWN.setdefault(n, answer)
            row(language + suffix, threads, answer, right, took, counters.inside())


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


def main():
    args = read_options(
        __doc__, n=(1_000_000, 1, 10**8, "primes below n"), t=(2, 1, 256, "threads")
    )
    try:
        here, missing = load_all()
    except (ImportError, OSError) as error:
        fail(2, f"{error}; in 03-nogil-extension, type: make build && . ../.venv/bin/activate")

    print(f"count the primes below {args.n:,} in {len(here)} ways")
    print_counts(here, args.n, args.t)
    verdict()
    wrong = print_meetings(here)
    if missing:
        print()
    for language, reason in missing.items():
        print(f"left out: {language} ({reason})")
    if wrong:
        fail(1, f"wrong in {', '.join(wrong)}: 2 come when released, 1 when held")


if __name__ == "__main__":
    run(main)
