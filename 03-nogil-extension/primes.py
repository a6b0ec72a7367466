"""Count the primes below n on threads that share one GIL: held, and released.

    python primes.py

The loop is C (count_module.c) and Cython (primes.pyx). In `cython-declared` it may run without the
GIL, and nobody releases the GIL. `inside` is how many threads were in the loop at one moment.
"""

from concurrent.futures import ThreadPoolExecutor

from bench import built, fail, has_gil, header, read_options, row, run, stopwatch, verdict

with built():
    import _count
    import primes_cython

KNOWN = {200_000: 17_984, 1_000_000: 78_498, 2_000_000: 148_933}


def count_primes(count, n, threads):
    """Count the primes below n with count(lo, hi), on a pool of threads.

    Large numbers take longer, so there are more ranges than threads: who is done takes the next.
    """
    pieces = 32 * threads
    cuts = [n * i // pieces for i in range(pieces + 1)]
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(count, cuts[:-1], cuts[1:]))


def rendezvous(module, meet, timeout):
    """Let two threads wait for each other inside; return how many were there at one moment."""
    module.reset_inside()
    with ThreadPoolExecutor(2) as pool:
        return max(pool.map(meet, [2, 2], [timeout, timeout]))


def show_proof():
    print("\ntwo threads wait for each other inside, and so many come:")
    for name, module in ("C", _count), ("Cython", primes_cython):
        # The wait with the GIL held is bound to be in vain, so it is short.
        held = rendezvous(module, module.meet_held, 0.1)
        released = rendezvous(module, module.meet_released, 30)
        print(f"{name:<7} with the GIL held: {held}, with the GIL released: {released}")
        if released != 2 or (has_gil() and held != 1):
            fail(1, "wrong: 1 comes if the GIL is held, 2 come if it is released")


def main():
    args = read_options(
        __doc__, n=(2_000_000, 1, 10**8, "count the primes below n"), t=(2, 1, 256, "threads")
    )
    print(f"count the primes below {args.n:,} by trial division")
    header("inside")
    for version, module, count, threads in (
        ("sequential", _count, _count.held, 1),
        ("held", _count, _count.held, args.t),
        ("released", _count, _count.released, args.t),
        ("cython-declared", primes_cython, primes_cython.declared, args.t),
        ("cython-released", primes_cython, primes_cython.released, args.t),
    ):
        module.reset_inside()
        with stopwatch() as took:
            primes = count_primes(count, args.n, threads)
        right = primes == KNOWN.setdefault(args.n, primes)
        row(version, threads, primes, right, took, module.inside())
    verdict()
    show_proof()


if __name__ == "__main__":
    run(main)
