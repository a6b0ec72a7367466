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

PATIENCE = 30  # seconds: threads that can meet do so in a few milliseconds
KNOWN = {200_000: 17_984, 1_000_000: 78_498, 2_000_000: 148_933}


def count_primes(count, n, threads):
    """Count the primes below n with count(lo, hi), on a pool of threads.

    Large numbers take longer, so there are more ranges than threads: who is done takes the next.
    """
    pieces = 32 * threads
    cuts = [n * i // pieces for i in range(pieces + 1)]
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(count, cuts[:-1], cuts[1:]))


def rendezvous(module, count, seconds):
    """Let two threads wait for each other in the loop; return how many were there at one moment."""
    module.expect(2, seconds)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(count, [0, 0], [0, 0]))
    return module.inside()


def show_proof():
    print("\ntwo threads wait for each other in the loop, and so many come:")
    for name, module, hold in ("C", _count, "held"), ("Cython", primes_cython, "declared"):
        # The wait with the GIL held is bound to be in vain, so it is short.
        held = rendezvous(module, getattr(module, hold), 0.1)
        released = rendezvous(module, module.released, PATIENCE)
        print(f"{name:<7} {hold}: {held}, released: {released}")
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
        module.expect(0, 0)
        with stopwatch() as took:
            primes = count_primes(count, args.n, threads)
        right = primes == KNOWN.setdefault(args.n, primes)
        row(version, threads, primes, right, took, module.inside())
    verdict()
    show_proof()


if __name__ == "__main__":
    run(main)
