"""Waiting is fine: a thread that waits holds no GIL. Computing is not, unless C lets go of it.

    python3 waiting.py
    python3 waiting.py -w cpu

wait    n requests to a local server that takes 20 ms over each answer: one by one, on threads, and
        in asyncio
cpu     hashing one password for each thread: one by one, in asyncio (no help: nothing waits), and
        in asyncio's threads (help, because hashlib's C code releases the GIL)
"""

import asyncio
import hashlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from bench import header, read_options, row, run, stopwatch, verdict

DELAY = 0.020  # seconds
ROUNDS = 500_000  # of password hashing: 0.1 to 0.3 s


def start_server():
    """Let a thread answer "ping" with "pong", DELAY later, and return its address."""

    async def answer(reader, writer):
        await reader.readexactly(4)
        await asyncio.sleep(DELAY)
        writer.write(b"pong")
        writer.close()

    loop = asyncio.new_event_loop()
    listening = asyncio.start_server(answer, "127.0.0.1", 0, backlog=256)
    server = loop.run_until_complete(listening)
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return server.sockets[0].getsockname()


# The versions of waiting take the server's address and n, and return the number of right answers.


def ask(address):
    with socket.create_connection(address) as connection:
        connection.sendall(b"ping")
        return connection.recv(4, socket.MSG_WAITALL) == b"pong"


def ask_one_by_one(address, n):
    return sum(ask(address) for _ in range(n))


def ask_on_threads(address, n):
    with ThreadPoolExecutor(n) as pool:
        return sum(pool.map(ask, [address] * n))


async def ask_in_asyncio(address, n):
    async def ask():
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"ping")
        right = await reader.readexactly(4) == b"pong"
        writer.close()
        await writer.wait_closed()
        return right

    return sum(await asyncio.gather(*(ask() for _ in range(n))))


# The versions of computing take n, and return the sum of n numbers from n hashes.


def hash_password(i):
    digest = hashlib.pbkdf2_hmac("sha256", b"correct horse", b"salt %d" % i, ROUNDS)
    return int.from_bytes(digest[:2], "big")


def hash_one_by_one(n):
    return sum(hash_password(i) for i in range(n))


async def hash_in_asyncio(n):
    async def hash_one(i):
        return hash_password(i)  # awaits nothing, so nothing else can run meanwhile

    return sum(await asyncio.gather(*(hash_one(i) for i in range(n))))


async def hash_in_asyncio_threads(n):
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(n))
    return sum(await asyncio.gather(*(asyncio.to_thread(hash_password, i) for i in range(n))))


def table(title, versions, expected=None):
    """Print a row for each version: its number of threads, and what it does.

    The answer is to be the expected one, or without one that of the first row.
    """
    print(title)
    header()
    for version, (threads, work) in versions.items():
        with stopwatch() as took:
            answer = work()
        expected = expected or answer
        row(version, threads, answer, answer == expected, took)
    verdict()


def wait(n):
    address = start_server()
    table(
        f"{n} requests to a server that takes {DELAY * 1e3:.0f} ms over each",
        {
            "one-by-one": (1, lambda: ask_one_by_one(address, n)),
            "threads": (n, lambda: ask_on_threads(address, n)),
            "asyncio": (1, lambda: asyncio.run(ask_in_asyncio(address, n))),
        },
        expected=n,
    )


def compute(n):
    table(
        f"{n} passwords hashed, {ROUNDS:,} rounds each",
        {
            "one-by-one": (1, lambda: hash_one_by_one(n)),
            "asyncio": (1, lambda: asyncio.run(hash_in_asyncio(n))),
            "asyncio-to-thread": (n, lambda: asyncio.run(hash_in_asyncio_threads(n))),
        },
    )


def main():
    args = read_options(
        __doc__,
        n=(50, 1, 200, "requests"),
        t=(2, 1, 256, "threads that hash, one password each"),
        w={"choices": ["wait", "cpu"], "help": "only this work (default: both)"},
    )
    if args.w != "cpu":
        wait(args.n)
    if not args.w:
        print()
    if args.w != "wait":
        compute(args.t)


if __name__ == "__main__":
    run(main)
