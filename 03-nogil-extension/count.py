"""Take steps in Cython: a loop that the compiler deletes, and one that it has to keep.

    python count.py

The loops are in counter.pyx, and the answer is the number of steps taken.
"""

from bench import built, header, read_options, row, run, stopwatch, verdict

with built():
    import counter


def most_steps(count):
    """Return 10**15, or how many steps take 0.1 s if the compiler kept the loop."""
    n = 1000
    while n < 10**15:
        with stopwatch() as took:
            count(n)
        if took.wall > 0.1:
            break
        n *= 10
    return n


def main():
    args = read_options(__doc__, n=(3 * 10**8, 1, 10**11, "steps of the loop that is kept"))
    most = most_steps(counter.deleted)
    print("take steps in Cython; a processor takes one in about a nanosecond")
    header("ns/step")
    for version, count, n in ("deleted", counter.deleted, most), ("kept", counter.held, args.n):
        with stopwatch() as took:
            steps = count(n)
        row(version, 1, steps, steps == n, took, f"{took.wall * 1e9 / steps:.2g}")
    verdict()
    if most < 10**15:
        print("\nthis compiler kept both loops")


if __name__ == "__main__":
    run(main)
