"""The exercise's documents: where they come from, and the three things that are done with them.

fetch          waits for the server, which takes 20 ms over each document
fingerprint    computes in C, which releases the GIL
parse          computes in Python

Nothing here needs to be changed.
"""

import contextlib
import hashlib
import json
import os
import random
import socket
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path

DOCUMENTS = 40
DELAY = 0.020  # seconds


def ask(address, *words):
    """Send one line to the server and return all that it answers."""
    with socket.create_connection(address) as connection:
        connection.sendall(" ".join(map(str, words)).encode() + b"\n")
        with connection.makefile("rb") as answer:
            return answer.read()


def fetch(address, number):
    """Return document `number` of the server at address, as bytes."""
    return ask(address, "fetch", number)


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


class Server(socketserver.ThreadingTCPServer):
    """Serves documents made from a seed, and notes how many requests it had at the same moment.

    With patience (seconds), it holds requests until several of them are there, so that the
    answer to "were they there at the same time?" does not depend on anybody's speed.
    """

    request_queue_size = 256
    daemon_threads = True

    def __init__(self, seed, patience=0):
        super().__init__(("127.0.0.1", 0), Handler)
        self.patience = patience
        self.documents = [self.make(random.Random(f"{seed} {i}")) for i in range(DOCUMENTS)]
        self.present = {"fetch": [], "fingerprint": [], "parse": []}
        self.most = dict.fromkeys(self.present, 0)
        self.changed = threading.Condition()
        self.deadline = {}

    @staticmethod
    def make(rng):
        lines = [",".join(str(rng.randrange(10**6)) for _ in range(10)) for _ in range(1000)]
        return "\n".join(lines * 6).encode()

    @contextlib.contextmanager
    def together(self, kind, who, wanted):
        """Note that `who` is here, and wait (within patience) until `wanted` of them are."""
        with self.changed:
            self.present[kind].append(who)
            self.most[kind] = max(self.most[kind], len(set(self.present[kind])))
            self.changed.notify_all()
            deadline = self.deadline.setdefault(kind, time.monotonic() + self.patience)
            left = deadline - time.monotonic()
            self.changed.wait_for(lambda: self.most[kind] >= wanted, timeout=max(left, 0))
        try:
            yield
        finally:
            with self.changed:
                self.present[kind].remove(who)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        kind, word = self.rfile.readline().decode().split()
        if kind == "fetch":
            with self.server.together(kind, object(), wanted=4):
                time.sleep(DELAY)
                self.wfile.write(self.server.documents[int(word)])
        else:
            with self.server.together(kind, word, wanted=2):
                pass


@contextlib.contextmanager
def running(server):
    """Let a server serve in a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main(report):
    """Run report(address, numbers) on all documents: for the check, or to see how long it takes."""
    numbers = list(range(DOCUMENTS))
    if "CHECK_PORT" in os.environ:
        done = report(("127.0.0.1", int(os.environ["CHECK_PORT"])), numbers)
        Path(os.environ["CHECK_ANSWERS"]).write_text(json.dumps(done), encoding="utf-8")
        return
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as server:
        try:
            address = "127.0.0.1", int(server.stdout.readline())
            wall = time.perf_counter()
            done = report(address, numbers)
            print(f"{len(done)} documents in {time.perf_counter() - wall:.2f} s")
        finally:
            server.kill()


if __name__ == "__main__":  # be the server
    with running(Server(seed=1)) as server:
        print(server.server_address[1], flush=True)
        threading.Event().wait()
