"""The exercise's documents: the three things that are done with them. They come from server.py.

fetch          waits for the server, which takes 20 ms over each document
fingerprint    computes in C, which releases the GIL
parse          computes in Python

Nothing here needs to be changed.
"""

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time

import server


def ask(address, *words):
    """Send one line to the server and return all that it answers."""
    with socket.create_connection(address) as connection:
        connection.sendall(" ".join(map(str, words)).encode() + b"\n")
        with connection.makefile("rb") as answer:
            return answer.read()


def fetch(address, number):
    """Return document `number` of the server at address, as bytes."""
    return ask(address, "fetch", number, os.getpid())


def fingerprint(document):
    """Return a fingerprint (hexadecimal text) that is slow to compute, so hard to forge."""
    tell_check("fingerprint", f"{os.getpid()}-{threading.get_ident()}")
    return hashlib.pbkdf2_hmac("sha256", document, b"", 10_000).hex()


def parse(document):
    """Return the sum of the numbers in a document."""
    tell_check("parse", place())
    total = 0
    for line in document.decode().splitlines():
        for number in line.split(","):
            total += int(number)
    return total


def tell_check(kind, who):
    """Let the check know who does this, so that it sees who does it at the same time."""
    if "CHECK_PORT" in os.environ:
        ask(("127.0.0.1", int(os.environ["CHECK_PORT"])), kind, who)


def place():
    """Name what can run Python independently: a process, an interpreter, without a GIL a thread."""
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return f"{os.getpid()}-{threading.get_ident()}"
    with contextlib.suppress(ImportError):  # 3.14
        from concurrent import interpreters  # noqa: PLC0415

        return f"{os.getpid()}-{interpreters.get_current().id}"
    return str(os.getpid())


def main(report):
    """Run report(address, numbers) on all documents: for the check, or to see how long it takes."""
    numbers = list(range(server.DOCUMENTS))
    if "CHECK_PORT" in os.environ:
        done = report(("127.0.0.1", int(os.environ["CHECK_PORT"])), numbers)
        print(sys.argv[-1], json.dumps(done), flush=True)
        return
    command = [sys.executable, server.__file__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = "127.0.0.1", int(process.stdout.readline())
            wall = time.perf_counter()
            done = report(address, numbers)
            print(f"{len(done)} documents in {time.perf_counter() - wall:.2f} s")
        finally:
            process.kill()
