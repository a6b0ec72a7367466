"""Computing in asyncio: no faster, unless the work is C code that releases the GIL, on threads.

    python3 hashing.py

A password for each thread is hashed by hashlib, whose C code releases the GIL: in one thread, in a
coroutine for each, and in a coroutine for each that lets a thread compute and waits for that.
"""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor

from bench import header, read_options, row, run, stopwatch, verdict

ROUNDS = 500_000  # 0.1 to 0.3 s


def hash_password(i):
    """Return a number made of the hash of password i."""
    digest = hashlib.pbkdf2_hmac("sha256", b"correct horse", b"salt %d" % i, ROUNDS)
    return int.from_bytes(digest[:2], "big")


async def in_coroutines(n):
    async def hash_one(i):
        return hash_password(i)  # awaits nothing, so nothing else can run meanwhile

    return sum(await asyncio.gather(*(hash_one(i) for i in range(n))))


async def on_threads(n):
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(n))
    return sum(await asyncio.gather(*(asyncio.to_thread(hash_password, i) for i in range(n))))


def main():
    args = read_options(__doc__, t=(2, 1, 256, "threads, and passwords"))
    versions = {
        "one-by-one": (1, lambda: sum(map(hash_password, range(args.t)))),
        "coroutines": (1, lambda: asyncio.run(in_coroutines(args.t))),
        "to-thread": (args.t, lambda: asyncio.run(on_threads(args.t))),
    }
    print(f"{args.t} passwords hashed, {ROUNDS:,} rounds each; the answer is a checksum")
    header()
    expected = None
    for version, (threads, work) in versions.items():
        with stopwatch() as took:
            answer = work()
        expected = expected or answer
        row(version, threads, answer, answer == expected, took)
    verdict()


if __name__ == "__main__":
    run(main)
