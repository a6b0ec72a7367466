"""Check the reader's report(): its answers, and that each of its three parts overlaps.

No clock decides: four who fetch must be there at once in one process, two who compute fingerprints,
and two who parse and can run Python at the same time. Each stays a moment, until so many have met.
"""

import json
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
    found, code, errors = start([sys.executable, work], CHECK_FOLDER=folder, PYTHONPATH=HERE)
    if code != 0 or not found:
        yield "it runs to its end", ending(work, code, errors)
        return
    documents = [make(number, folder) for number in range(DOCUMENTS)]  # its name is always another
    right = json.loads(found[0]) == [[fingerprint(text), parse(text)] for text in documents]
    hint = "report() must return a [fingerprint, sum] for each, in the documents' order"
    yield "every document's fingerprint and sum is right", "" if right else hint
    for kind, (claim, hint) in OVERLAPS.items():
        yield claim, "" if (folder / f"{kind} met").exists() else hint


if __name__ == "__main__":
    check(HERE, [".py"], claims)
