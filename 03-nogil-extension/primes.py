"""Count the primes below n on threads that share one GIL: held, and released.

    python primes.py
    python primes.py -n 200000 -t 4

The loop is C, in loops.h, and the same in every row; primesmodule.c calls it in several ways:
`held` keeps the GIL while it runs, `released` gives it back first, `interruptible` in pieces, so
that Ctrl-C could stop it (in the main thread: Python handles signals in no other). The last two are
the same loop in Cython, in primes.pyx. `inside` is how many threads were in the loop at one moment.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from bench import built, fail, header, read_options, row, run, stopwatch, verdict

with built():
    import _primes
    import primes_cython

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


def show_table(n, threads):
    header("inside")
    expected = KNOWN.get(n)
    for version, module, count, workers in (
        ("sequential", _primes, _primes.count_held, 1),
        ("held", _primes, _primes.count_held, threads),
        ("released", _primes, _primes.count, threads),
        ("interruptible", _primes, _primes.count_interruptible, threads),
        ("cython-held", primes_cython, primes_cython.count_held, threads),
        ("cython-released", primes_cython, primes_cython.count, threads),
    ):
        module.reset_inside()
        with stopwatch() as took:
            primes = count_primes(count, n, workers)
        if expected is None:
            expected = primes
        row(version, workers, primes, primes == expected, took, module.inside())
    verdict()


def rendezvous(module, meet, timeout):
    """Let two threads wait for each other inside C; return how many were there at once."""
    module.reset_inside()
    with ThreadPoolExecutor(2) as pool:
        return max(pool.map(meet, [2, 2], [timeout, timeout]))


def show_proof():
    # The held wait is bound to time out, so it is short; the released ones end when they meet.
    held = rendezvous(_primes, _primes.meet_held, 0.1)
    released = rendezvous(_primes, _primes.meet, 30)
    cython = rendezvous(primes_cython, primes_cython.meet, 30)
    print(
        f"two threads wait for each other inside: held, {held} came; released, {released}; "
        f"in Cython, {cython}"
    )
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    if released != 2 or cython != 2 or (gil and held != 1):
        fail(1, "wrong: with the GIL held 1 can come, with the GIL released 2 do")


def main():
    args = read_options(
        __doc__,
        n=(2_000_000, 1, 10**8, "count the primes below n"),
        t=(2, 1, 256, "threads"),
    )
    print(f"count the primes below {args.n:,} by trial division")
    show_table(args.n, args.t)
    print()
    show_proof()


if __name__ == "__main__":
    run(main)
