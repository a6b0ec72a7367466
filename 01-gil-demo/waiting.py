"""Threads that wait do not hold each other up, because a thread that waits holds no GIL.

    python3 waiting.py

A local server takes 20 ms over each answer. It is asked n times: one by one, in a thread for each
request, and in a coroutine for each request, which share one thread.
"""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from bench import header, read_options, row, run, stopwatch, verdict

DELAY = 0.020  # seconds


def start_server(delay):
    """Return the address of a thread that says "pong" to whoever connects, delay() later."""

    async def answer(_, writer):
        await delay()
        writer.write(b"pong")
        writer.close()

    loop = asyncio.new_event_loop()
    started = asyncio.start_server(answer, "127.0.0.1", 0, backlog=256)
    server = loop.run_until_complete(started)
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return server.sockets[0].getsockname()


def ask(address):
    """Ask the server; tell whether its answer is right."""
    with socket.create_connection(address) as connection:
        return connection.recv(4, socket.MSG_WAITALL) == b"pong"


def ask_on_threads(address, n):
    with ThreadPoolExecutor(n) as pool:
        return sum(pool.map(ask, [address] * n))


async def ask_in_coroutine(address):
    reader, writer = await asyncio.open_connection(*address)
    right = await reader.read() == b"pong"
    writer.close()
    return right


async def ask_in_coroutines(address, n):
    return sum(await asyncio.gather(*(ask_in_coroutine(address) for _ in range(n))))


def main():
    args = read_options(__doc__, n=(50, 1, 200, "requests"))
    address = start_server(lambda: asyncio.sleep(DELAY))
    versions = {
        "one-by-one": (1, lambda: sum(ask(address) for _ in range(args.n))),
        "threads": (args.n, lambda: ask_on_threads(address, args.n)),
        "asyncio": (1, lambda: asyncio.run(ask_in_coroutines(address, args.n))),
    }
    print(f"{args.n} requests to a server that takes {DELAY * 1e3:.0f} ms over each")
    header()
    for version, (threads, work) in versions.items():
        with stopwatch() as took:
            answer = work()
        row(version, threads, answer, answer == args.n, took)
    verdict()


if __name__ == "__main__":
    run(main)
