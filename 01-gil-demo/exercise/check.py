"""Check the reader's report(): its answers, and that each of its three parts overlaps.

    make exercise-1

No clock decides. The server holds the first requests until four of one process are there, the first
fingerprints until two threads are at it, and the first parsers until two are there that can run
Python at the same time: for CHECK_PATIENCE seconds (3).
"""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import bounded
from documents import fingerprint, parse
from exercise import check
from server import Server, running

HERE = Path(__file__).resolve().parent
LIMIT = 300  # seconds after which the work is said to hang


def run(work, port, answers):
    """Run the reader's program; return "" or what went wrong, in one line."""
    environment = {"CHECK_PORT": str(port), "CHECK_ANSWERS": answers, "PYTHONPATH": str(HERE)}
    try:
        code, _, errors = bounded.run([sys.executable, work], LIMIT, env=os.environ | environment)
    except subprocess.TimeoutExpired:
        return f"it was still running after {LIMIT} s"
    if code == 0:
        return ""
    lines = re.findall(rf'{re.escape(work.name)}", line (\d+)', errors)
    where = f"line {lines[-1]}: " if lines else ""
    return where + (errors.strip().splitlines() or [f"exit {code}"])[-1]


def overlaps(most):
    """Yield the claims about what was done at the same time; most: how many were seen of each."""
    for claim, kind, wanted, hint in (
        ("the waits overlap", "fetch", 4, "Waiting needs no GIL: one process can wait for many."),
        ("fingerprints are computed at once", "fingerprint", 2, "hashlib releases the GIL."),
        ("several cores parse", "parse", 2, "Python code needs a GIL a core: what has its own?"),
    ):
        seen = f"at most {most[kind]} at the same time, {wanted} or more are wanted. {hint}"
        yield claim, "" if most[kind] >= wanted else seen


def claims(work):
    patience = float(os.environ.get("CHECK_PATIENCE", "3"))
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Server(seed=random.random(), patience=patience)) as server,
    ):
        answers = Path(folder) / "answers.json"
        if problem := run(work, server.server_address[1], str(answers)):
            yield "it runs", problem
            return
        expected = [[fingerprint(document), parse(document)] for document in server.documents]
        try:
            found = json.loads(answers.read_text(encoding="utf-8"))
            right = sum(a == b for a, b in zip(found, expected, strict=True))
        except (OSError, TypeError, ValueError):
            yield "it reports on every document", "report() must return a [fingerprint, sum] each"
            return
    some = f"{right} of {len(expected)} are, in the documents' order"
    yield "every document's fingerprint and sum is right", "" if right == len(expected) else some
    yield from overlaps(server.most)


if __name__ == "__main__":
    check(HERE, ".py", claims)
