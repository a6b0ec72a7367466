"""The exercise's documents, and the three things that are done with them.

fetch          waits 20 ms, as for a server
fingerprint    computes in C, which releases the GIL
parse          computes in Python

Nothing here needs to be changed.
"""

import contextlib
import hashlib
import json
import os
import random
import sys
import threading
import time
from pathlib import Path

DOCUMENTS = 40
CHECK = os.environ.get("CHECK_FOLDER")  # while make exercise-1 looks on
ends = {}


def make(number, seed):
    """Return the text of a document, as bytes: lines of ten numbers."""
    rng = random.Random(f"{seed} {number}")
    lines = [",".join(str(rng.randrange(10**6)) for _ in range(10)) for _ in range(500)]
    return "\n".join(lines * 12).encode()


def fetch(number):
    """Return document `number`, as bytes."""
    with seen("fetch", thread(), f"{os.getpid()} *", wanted=4):
        time.sleep(0.020)
    return make(number, os.environ.get("CHECK_SEED"))


def fingerprint(document):
    """Return a fingerprint (hexadecimal text) that is slow to compute, so hard to forge."""
    with seen("fingerprint", thread(), "*", wanted=2):
        return hashlib.pbkdf2_hmac("sha256", document, b"", 10_000).hex()


def parse(document):
    """Return the sum of the numbers in a document."""
    with seen("parse", place(), "*", wanted=2):
        total = 0
        for line in document.decode().splitlines():
            for number in line.split(","):
                total += int(number)
        return total


def thread():
    return f"{os.getpid()} {threading.get_ident()}"


def place():
    """Name what can run Python independently: a process, an interpreter, without a GIL a thread."""
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return thread()
    with contextlib.suppress(ImportError):  # 3.14
        from concurrent import interpreters  # noqa: PLC0415

        return f"{os.getpid()} {interpreters.get_current().id}"
    return str(os.getpid())


@contextlib.contextmanager
def seen(kind, who, others, wanted):
    """While a check looks on, stay until `wanted` are here at the same time.

    Whoever is here is a file in a folder of the check. Nobody waits once so many have met, or for
    longer than the check's patience.
    """
    if not CHECK:
        yield
        return
    here, met = Path(CHECK, kind, who), Path(CHECK, f"{kind} met")
    here.parent.mkdir(exist_ok=True)
    here.touch()
    end = ends.setdefault(kind, time.monotonic() + float(os.environ["CHECK_PATIENCE"]))
    while not met.exists() and time.monotonic() < end:
        if len(list(here.parent.glob(others))) >= wanted:
            met.touch()
        time.sleep(0.005)
    try:
        yield
    finally:
        here.unlink(missing_ok=True)


def main(report):
    """Run report(numbers) on all documents: for the check, or to see how long it takes."""
    start = time.perf_counter()
    done = report(list(range(DOCUMENTS)))
    if CHECK:
        print(sys.argv[-1], json.dumps(done), flush=True)
    else:
        print(f"{len(done)} documents in {time.perf_counter() - start:.2f} s")
