"""Waiting is fine: a thread that waits holds no GIL. Computing is not, unless C lets go of it.

    python3 waiting.py
    python3 waiting.py -w cpu

wait    n requests to a local server that takes 20 ms over each answer: one by one, on threads, and
        in asyncio
cpu     hashing one password for each thread: one by one, in asyncio (no help: nothing waits), and
        in asyncio's threads (help, because hashlib's C code releases the GIL)
"""

import argparse
import asyncio
import contextlib
import hashlib
import os
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

DELAY = 0.020  # seconds
ROUNDS = 500_000  # of password hashing: 0.1 to 0.3 s
ROW = "{:<18}{:>8}{:>10}{:>#11.4g}{:>9.2f}{:>7.2f}"


@contextlib.contextmanager
def slow_server():
    """Let a thread answer "ping" with "pong", DELAY later, and give its address."""

    async def answer(reader, writer):
        await reader.readexactly(4)
        await asyncio.sleep(DELAY)
        writer.write(b"pong")
        writer.close()

    loop = asyncio.new_event_loop()
    listening = asyncio.start_server(answer, "127.0.0.1", 0, backlog=256)
    server = loop.run_until_complete(listening)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()


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


def ask_in_asyncio(address, n):
    async def ask():
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"ping")
        right = await reader.readexactly(4) == b"pong"
        writer.close()
        await writer.wait_closed()
        return right

    async def main():
        return sum(await asyncio.gather(*(ask() for _ in range(n))))

    return asyncio.run(main())


# The versions of computing take n, and return the sum of n numbers from n hashes.


def hash_password(i):
    digest = hashlib.pbkdf2_hmac("sha256", b"correct horse", b"salt %d" % i, ROUNDS)
    return int.from_bytes(digest[:2], "big")


def hash_one_by_one(n):
    return sum(hash_password(i) for i in range(n))


def hash_in_asyncio(n):
    async def hash_one(i):
        return hash_password(i)  # awaits nothing, so nothing else can run meanwhile

    async def main():
        return sum(await asyncio.gather(*(hash_one(i) for i in range(n))))

    return asyncio.run(main())


def hash_in_asyncio_threads(n):
    async def main():
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(n))
        return sum(await asyncio.gather(*(asyncio.to_thread(hash_password, i) for i in range(n))))

    return asyncio.run(main())


def usable_cpus():
    """Count the CPUs this process may use: affinity, then the cgroup's quota; at least 2."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = map(int, file.read().split())
        cpus = min(cpus, -(-quota // period))
    except (OSError, ValueError):  # no such file, or it says "max": no quota
        pass
    return max(2, min(cpus, 256))


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


def table(title, versions):
    """Print a row for each (name, threads, function, arguments ...); return the answers."""
    print(title)
    print(f"{'version':<18}{'threads':>8}{'answer':>10}{'seconds':>11}{'speedup':>9}{'busy':>7}")
    base, answers = 0, []
    for name, threads, function, *arguments in versions:
        wall, cpu = time.perf_counter(), time.process_time()
        answers.append(function(*arguments))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        base = base or wall
        print(ROW.format(name, threads, answers[-1], wall, base / wall, cpu / wall), flush=True)
    return answers


def wait(n):
    title = f"{n} requests to a server that takes {DELAY * 1e3:.0f} ms over each"
    with slow_server() as address:
        answers = table(
            title,
            [
                ("one-by-one", 1, ask_one_by_one, address, n),
                ("threads", n, ask_on_threads, address, n),
                ("asyncio", 1, ask_in_asyncio, address, n),
            ],
        )
    return sum(answer != n for answer in answers)


def compute(n):
    answers = table(
        f"{n} passwords hashed, {ROUNDS:,} rounds each",
        [
            ("one-by-one", 1, hash_one_by_one, n),
            ("asyncio", 1, hash_in_asyncio, n),
            ("asyncio-to-thread", n, hash_in_asyncio_threads, n),
        ],
    )
    return sum(answer != answers[0] for answer in answers)


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__.split("\n")[0])
    parser.add_argument(
        "-n", type=whole(1, 200), default=50, help="requests, 1 to 200 (default: %(default)s)"
    )
    parser.add_argument(
        "-t", type=whole(1, 256), default=usable_cpus(), help="threads (default: %(default)s)"
    )
    parser.add_argument("-w", choices=["wait", "cpu"], help="only this work (default: both)")
    args = parser.parse_args()

    wrong = 0
    try:
        if args.w != "cpu":
            wrong += wait(args.n)
        if not args.w:
            print()
        if args.w != "wait":
            wrong += compute(args.t)
    except (OSError, RuntimeError) as error:
        sys.exit(f"waiting.py: cannot run: {error}")
    if wrong:
        sys.exit(f"waiting.py: wrong answer in {wrong} rows")


if __name__ == "__main__":
    main()
