"""Take n steps in Cython: declared nogil, really released, and deleted by the compiler.

    python count.py
    python count.py -n 100000000 -t 4

The three functions are in counter.pyx, and the answer is the number of steps taken. `inside` is
how many threads were in the loop at one moment; the deleted one has no loop to be in.
"""

from concurrent.futures import ThreadPoolExecutor
from timeit import repeat

from bench import built, header, read_options, row, run, stopwatch, verdict

with built():
    import counter


def take_steps(count, n, threads):
    """Take n steps with count(share), called for many shares on a pool of threads."""
    pieces = max(64, 4 * threads)
    shares = [n // pieces + (i < n % pieces) for i in range(pieces)]
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(count, shares))


def cost_of_deleted():
    """Say what deleted() costs, with ever more steps until it costs a millisecond."""
    for n in (10**power for power in range(3, 16)):
        seconds = min(repeat(lambda: counter.deleted(n), number=1))  # noqa: B023 - called at once
        if seconds > 0.001:
            return f"deleted({n:,}) takes {seconds:.2g} s: this compiler kept the loop"
    return f"deleted({n:,}) takes {seconds * 1e6:.2g} microseconds: it does no work at all"


def main():
    args = read_options(
        __doc__,
        n=(3 * 10**8, 1, 10**11, "steps to take"),
        t=(2, 1, 256, "threads"),
    )
    print(f"take {args.n:,} steps in Cython")
    header("inside")
    for version, count, threads in (
        ("sequential", counter.held, 1),
        ("declared", counter.held, args.t),
        ("released", counter.released, args.t),
        ("deleted", counter.deleted, 1),
    ):
        counter.reset_inside()
        with stopwatch() as took:
            steps = take_steps(count, args.n, threads)
        inside = "-" if version == "deleted" else counter.inside()
        row(version, threads, steps, steps == args.n, took, inside)
    verdict()
    print(f"\n{cost_of_deleted()}")


if __name__ == "__main__":
    run(main)
