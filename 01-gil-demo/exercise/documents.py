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
import sys
import threading
import time

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
    return hashlib.pbkdf2_hmac("sha256", document, b"", 10_000).hex()


def parse(document):
    """Return the sum of the numbers in a document."""
    if "CHECK_PORT" in os.environ:  # the check wants to know who parses at the same time
        ask(("127.0.0.1", int(os.environ["CHECK_PORT"])), "parse", place())
    total = 0
    for line in document.decode().splitlines():
        for number in line.split(","):
            total += int(number)
    return total


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

    With patience (seconds), it holds requests until `together` of them are there, so that the
    answer to "were they there at the same time?" does not depend on anybody's speed.
    """

    request_queue_size = 256
    daemon_threads = True

    def __init__(self, seed, patience=0):
        super().__init__(("127.0.0.1", 0), Handler)
        self.patience = patience
        self.documents = [self.make(random.Random(f"{seed} {i}")) for i in range(DOCUMENTS)]
        self.present = {"fetch": [], "parse": []}
        self.most = {"fetch": 0, "parse": 0}
        self.changed = threading.Condition()
        self.deadline = {}

    @staticmethod
    def make(rng):
        lines = [",".join(str(rng.randrange(10**6)) for _ in range(10)) for _ in range(1000)]
        return "\n".join(lines * 6).encode()

    @contextlib.contextmanager
    def together(self, kind, who, wanted):
        """Note that `who` is here, and wait (within patience) until `wanted` others are too."""
        with self.changed:
            self.present[kind].append(who)
            self.most[kind] = max(self.most[kind], len(set(self.present[kind])))
            self.changed.notify_all()
            deadline = self.deadline.setdefault(kind, time.monotonic() + self.patience)
            left = deadline - time.monotonic()
            self.changed.wait_for(lambda: self.most[kind] >= wanted, timeout=max(left, 0))
        yield
        with self.changed:
            self.present[kind].remove(who)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        kind, word = self.rfile.readline().decode().split()
        if kind == "parse":
            with self.server.together("parse", word, wanted=2):
                pass
        else:
            with self.server.together("fetch", object(), wanted=10):
                time.sleep(DELAY)
                self.wfile.write(self.server.documents[int(word)])


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
        print(json.dumps(report(("127.0.0.1", int(os.environ["CHECK_PORT"])), numbers)))
        return
    with running(Server(seed=1)) as server:
        wall, cpu = time.perf_counter(), time.process_time()
        done = report(server.server_address, numbers)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{len(done)} documents in {wall:.2f} s; this process was busy {cpu / wall:.0%} of that")
