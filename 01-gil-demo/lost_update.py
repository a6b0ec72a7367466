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

import contextlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from bench import header, read_options, row, run, stopwatch, verdict

ACCOUNTS, BALANCE, EVERY = 4, 1000, 1000

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

    shares = [n // threads + (i < n % threads) for i in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, shares))


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


def main():
    args = read_options(
        __doc__, n=(100_000, 1, 10**9, "transfers"), t=(2, 1, 256, "threads by chance")
    )
    sys.setswitchinterval(1e-6)  # more chances in the same time
    versions = {
        "sequential": (by_chance, 1, unlocked, 0),
        "unlocked": (by_chance, args.t, unlocked, None),  # left to chance
        "forced": (forced, 2, unlocked, -(-args.n // EVERY)),
        "forced-locked": (forced, 2, lock, 0),
        "locked": (by_chance, args.t, lock, 0),
    }
    print(f"{args.n:,} transfers; the total must stay {ACCOUNTS * BALANCE}")
    header("drift")
    for version, (function, threads, guard, expected) in versions.items():
        bank = [BALANCE] * ACCOUNTS
        with stopwatch() as took:
            function(bank, args.n, threads, guard)
        drift = sum(bank) - ACCOUNTS * BALANCE
        row(version, threads, sum(bank), expected in (None, drift), took, drift)
    print("\nunlocked and forced are wrong on purpose: transfers got lost, the total drifted")
    verdict()


if __name__ == "__main__":
    run(main)
