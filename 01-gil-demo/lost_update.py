"""A bank whose money changes by itself: the GIL protects the interpreter, not your program.

    python3 lost_update.py

Transfers between accounts must leave the total as it was. A transfer reads a balance, asks for
the amount, and writes the balance back. Another thread may get the GIL in between (a call is a
place where it can change hands); if it changes the same account, its change is overwritten.

sequential     one thread
unlocked       several threads, as it happens
forced         no chance involved: in every 1000th transfer another thread makes one of its own
               between the read and the write
forced-locked  the same, and whoever changes a balance holds a lock
locked         several threads, with the lock
"""

import argparse
import contextlib
import sys
import threading
import time

ACCOUNTS, BALANCE, EVERY = 4, 1000, 1000
ROW = "{:<14}{:>8}{:>8}{:>#11.4g}{:>9.2f}{:>7.2f}{:>8}"

unlocked = contextlib.nullcontext()
lock = threading.Lock()


def one():
    return 1


def transfer(bank, source, target, guard, amount=one):
    """Move amount() from one account to another, holding the guard."""
    with guard:
        bank[source] -= amount()  # read the balance, call, write the balance
        bank[target] += amount()


def by_chance(bank, n, threads, guard):
    """Make n transfers on several threads."""

    def work(share):
        for i in range(share):
            transfer(bank, i % ACCOUNTS, (i + 1) % ACCOUNTS, guard)

    workers = []
    try:
        for i in range(threads):
            worker = threading.Thread(target=work, args=(n // threads + (i < n % threads),))
            worker.start()
            workers.append(worker)
    finally:
        for worker in workers:
            worker.join()


def forced(bank, n, _threads, guard):
    """Make n transfers, some of them with another thread's transfer in the middle."""

    def interrupted():
        """Return 1 like one(), after another thread has made a transfer, or waits for the lock."""
        if not others:
            others.append(threading.Thread(target=transfer, args=(bank, 0, 1, guard)))
            others[0].start()
            others[0].join(timeout=0.001 if guard is lock else None)
        return 1

    for i in range(n):
        if i % EVERY:
            transfer(bank, i % ACCOUNTS, (i + 1) % ACCOUNTS, guard)
        else:
            others = []
            transfer(bank, 0, 1, guard, interrupted)
            others[0].join()


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
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__.split("\n")[0])
    parser.add_argument(
        "-n", type=whole(1, 10**9), default=100_000, help="transfers (default: %(default)s)"
    )
    parser.add_argument(
        "-t", type=whole(2, 256), default=4, help="threads, at least 2 (default: %(default)s)"
    )
    args = parser.parse_args()
    sys.setswitchinterval(1e-6)  # more chances in the same time

    print(f"{args.n:,} transfers; the total must stay {ACCOUNTS * BALANCE}")
    print(
        f"{'version':<14}{'threads':>8}{'answer':>8}{'seconds':>11}{'speedup':>9}{'busy':>7}"
        f"{'drift':>8}"
    )
    base, surprises = 0, []
    for name, function, threads, guard, expected in (
        ("sequential", by_chance, 1, unlocked, 0),
        ("unlocked", by_chance, args.t, unlocked, None),  # left to chance
        ("forced", forced, 2, unlocked, -(-args.n // EVERY)),
        ("forced-locked", forced, 2, lock, 0),
        ("locked", by_chance, args.t, lock, 0),
    ):
        bank = [BALANCE] * ACCOUNTS
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            function(bank, args.n, threads, guard)
        except RuntimeError as error:
            sys.exit(f"lost_update.py: cannot start a thread: {error}")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        base = base or wall
        drift = sum(bank) - ACCOUNTS * BALANCE
        print(
            ROW.format(name, threads, sum(bank), wall, base / wall, cpu / wall, drift), flush=True
        )
        if expected is not None and drift != expected:
            surprises.append(f"{name}: a drift of {drift}, expected {expected}")
    print("\nunlocked and forced are wrong on purpose: transfers were lost, and the total drifted")
    if surprises:
        sys.exit("lost_update.py: " + "; ".join(surprises))


if __name__ == "__main__":
    main()
