"""A bank whose money changes by itself: the GIL protects the interpreter, not your program.

    python3 lost_update.py

A transfer reads a balance, asks for the amount, and writes the balance back. If another thread gets
the GIL in between and changes the same balance, its change is overwritten. The cure is a lock that
is held from the read to the write.
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait

from bench import header, read_options, row, run, stopwatch, verdict

ACCOUNTS, BALANCE, EVERY = 4, 1000, 1000
lock = threading.Lock()


def one():
    return 1


def transfer(bank, source, target, amount=one):
    bank[source] -= amount()  # read the balance, call, write the balance
    bank[target] += amount()


def transfer_locked(bank, source, target, amount=one):
    with lock:
        transfer(bank, source, target, amount)


def by_chance(transfer, bank, n, threads):
    """Make n transfers on several threads, as it happens."""

    def work(first):
        for i in range(first, n, threads):
            transfer(bank, i % ACCOUNTS, (i + 1) % ACCOUNTS)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))


def forced(transfer, bank, n, _threads):
    """Make n transfers; in every 1000th another thread makes one between the read and the write."""

    def interrupted():
        """Return 1 like one(), after another thread has made a transfer, or waits for the lock."""
        # It pays account 2: in account 1 a second update would be lost, and make up for the first.
        wait([other.submit(transfer, bank, 0, 2)], 0.001 if lock.locked() else None)
        return 1

    with ThreadPoolExecutor(1) as other:
        for i in range(n):
            amount = one if i % EVERY else interrupted
            transfer(bank, i % ACCOUNTS, (i + 1) % ACCOUNTS, amount)


def main():
    args = read_options(__doc__, n=(100_000, 1, 10**9, "transfers"), t=(2, 1, 256, "threads"))
    sys.setswitchinterval(1e-6)  # more chances in the same time
    versions = {  # the expected drift: None is left to chance
        "sequential": (by_chance, transfer, 1, 0),
        "unlocked": (by_chance, transfer, args.t, None),
        "forced": (forced, transfer, 2, len(range(0, args.n, EVERY))),
        "forced-locked": (forced, transfer_locked, 2, 0),
    }
    print(f"{args.n:,} transfers; the total must stay {ACCOUNTS * BALANCE}")
    header("drift")
    for version, (make, how, threads, expected) in versions.items():
        bank = [BALANCE] * ACCOUNTS
        with stopwatch() as took:
            make(how, bank, args.n, threads)
        drift = sum(bank) - ACCOUNTS * BALANCE
        row(version, threads, sum(bank), expected in (None, drift), took, drift)
    verdict()


if __name__ == "__main__":
    run(main)
