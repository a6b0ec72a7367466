"""The exercise's document server, which also notes what is done at the same moment.

Nothing here needs to be changed.
"""

import contextlib
import random
import socketserver
import threading
import time

DOCUMENTS = 40
DELAY = 0.020  # seconds


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
    def together(self, kind, group, who, wanted):
        """Note that `who` is here, and wait (within patience) until `wanted` of its group are."""
        with self.changed:
            self.present[kind].append((group, who))
            here = {member for member in self.present[kind] if member[0] == group}
            self.most[kind] = max(self.most[kind], len(here))
            self.changed.notify_all()
            deadline = self.deadline.setdefault(kind, time.monotonic() + self.patience)
            left = deadline - time.monotonic()
            self.changed.wait_for(lambda: self.most[kind] >= wanted, timeout=max(left, 0))
        try:
            yield
        finally:
            with self.changed:
                self.present[kind].remove((group, who))


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        kind, *words = self.rfile.readline().decode().split()
        if kind == "fetch":  # many waits in one process are wanted, not a process for each
            number, process = words
            with self.server.together(kind, process, object(), wanted=4):
                time.sleep(DELAY)
                self.wfile.write(self.server.documents[int(number)])
        else:
            with self.server.together(kind, None, words[0], wanted=2):
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


if __name__ == "__main__":
    with running(Server(seed=1)) as server:
        print(server.server_address[1], flush=True)
        threading.Event().wait()
