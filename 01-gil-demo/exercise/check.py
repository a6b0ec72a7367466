"""Check the reader's report(): its answers, and that waits overlap and parsing uses several cores.

    make exercise-1

No clock decides. The server holds the first requests until ten are there, and the first parsers
until two of them are there that can run Python at the same time, for CHECK_PATIENCE seconds (3).
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

from documents import Server, fingerprint, parse, running
from exercise import check

HERE = Path(__file__).resolve().parent
LIMIT = 300  # seconds after which the work is said to hang


def claims(work):
    patience = float(os.environ.get("CHECK_PATIENCE", "3"))
    with running(Server(seed=random.random(), patience=patience)) as server:
        environment = os.environ | {
            "CHECK_PORT": str(server.server_address[1]),
            "PYTHONPATH": str(HERE),
        }
        try:
            run = subprocess.run(
                [sys.executable, work],
                env=environment,
                capture_output=True,
                text=True,
                timeout=LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            yield "it ends", f"it was still running after {LIMIT} s"
            return
    if run.returncode:
        yield "it runs", (run.stderr.strip().splitlines() or [f"exit {run.returncode}"])[-1]
        return
    expected = [[fingerprint(document), parse(document)] for document in server.documents]
    try:
        answers = json.loads(run.stdout.splitlines()[0])
        right = sum(a == b for a, b in zip(answers, expected, strict=True))
    except (IndexError, TypeError, ValueError):
        yield "it reports on every document", "report() must return a [fingerprint, sum] for each"
        return
    yield (
        "every document's fingerprint and sum is right",
        "" if right == len(expected) else f"{right} of {len(expected)} are",
    )
    yield (
        "the waits overlap",
        ""
        if server.most["fetch"] >= 10
        else f"requests waiting at the same time: {server.most['fetch']}. Waiting needs no GIL: "
        "what can wait for many things at once?",
    )
    yield (
        "several cores parse",
        ""
        if server.most["parse"] >= 2
        else f"places with a GIL of their own that parsed at once: {server.most['parse']}. "
        "Python code needs one each: what has its own?",
    )


check(HERE, ".py", claims)
