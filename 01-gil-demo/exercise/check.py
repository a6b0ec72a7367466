"""Check the reader's report(): its answers, and that each of its three parts overlaps.

No clock decides: the first who fetch stay until four of one process are there, the first who
compute fingerprints until two are, and the first who parse until two are that can run Python at the
same time; all for CHECK_PATIENCE seconds at most (3).
"""

import json
import os
import secrets
import sys
from pathlib import Path

from documents import DOCUMENTS, fingerprint, make, parse
from exercise import check, ending, start

HERE = Path(__file__).resolve().parent
OVERLAPS = {  # what is claimed, and what is said if it does not hold
    "fetch": ("the waits overlap", "no four: waiting needs no GIL, one process can wait for many"),
    "fingerprint": ("fingerprints are computed at once", "no two: hashlib releases the GIL"),
    "parse": ("several cores parse", "no two: Python needs a GIL a core; what has its own?"),
}


def claims(work, folder):
    seed, patience = secrets.token_hex(), os.environ.get("CHECK_PATIENCE", "3")
    check = {"CHECK_FOLDER": str(folder), "CHECK_SEED": seed, "CHECK_PATIENCE": patience}
    found, code, errors = start([sys.executable, work], PYTHONPATH=str(HERE), **check)
    if code != 0 or not found:
        yield "it runs to its end", ending(work, code, errors)
        return
    documents = [make(number, seed) for number in range(DOCUMENTS)]
    expected = [[fingerprint(document), parse(document)] for document in documents]
    try:
        right = sum(a == b for a, b in zip(json.loads(found[0]), expected, strict=True))
    except (TypeError, ValueError):
        yield "it reports on every document", "report() must return a [fingerprint, sum] each"
        return
    some = f"{right} of {DOCUMENTS} are, in the documents' order"
    yield "every document's fingerprint and sum is right", "" if right == DOCUMENTS else some
    for kind, (claim, hint) in OVERLAPS.items():
        yield claim, "" if (folder / f"{kind} met").exists() else hint


if __name__ == "__main__":
    check(HERE, [".py"], claims)
