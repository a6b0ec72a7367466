"""Check the reader's report(): its answers, and that each of its three parts overlaps.

    make exercise-1

No clock decides. The server holds the first requests until four of one process are there, the first
fingerprints until two threads are at it, and the first parsers until two are there that can run
Python at the same time: for CHECK_PATIENCE seconds (3).
"""

import json
import os
import random
import sys
from pathlib import Path

from documents import fingerprint, parse
from exercise import check, ending, start
from server import Server, running

HERE = Path(__file__).resolve().parent
OVERLAPS = (
    ("the waits overlap", "fetch", 4, "Waiting needs no GIL: one process can wait for many."),
    ("fingerprints are computed at once", "fingerprint", 2, "hashlib releases the GIL."),
    ("several cores parse", "parse", 2, "Python code needs a GIL a core: what has its own?"),
)


def claims(work, _):
    patience = float(os.environ.get("CHECK_PATIENCE", "3"))
    with running(Server(seed=random.random(), patience=patience)) as server:
        variables = {"CHECK_PORT": str(server.server_address[1]), "PYTHONPATH": str(HERE)}
        found, code, errors = start([sys.executable, work], **variables)
        if code != 0 or not found:
            yield "it runs to its end", ending(work, code, errors)
            return
        expected = [[fingerprint(document), parse(document)] for document in server.documents]
    try:
        right = sum(a == b for a, b in zip(json.loads(found[0]), expected, strict=True))
    except (TypeError, ValueError):
        yield "it reports on every document", "report() must return a [fingerprint, sum] each"
        return
    some = f"{right} of {len(expected)} are, in the documents' order"
    yield "every document's fingerprint and sum is right", "" if right == len(expected) else some
    for claim, kind, wanted, hint in OVERLAPS:
        seen = f"at most {server.most[kind]} at the same time, {wanted} or more are wanted. {hint}"
        yield claim, "" if server.most[kind] >= wanted else seen


if __name__ == "__main__":
    check(HERE, [".py"], claims)
