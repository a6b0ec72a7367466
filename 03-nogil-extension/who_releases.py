"""Does this call hold the GIL, or does it let other threads run? Asked as one asks timeit.

    python3 who_releases.py -s 'import json; d = [{"a": i} for i in range(200_000)]' 'json.dumps(d)'
    python3 who_releases.py          (a table of calls that everyone uses)

                                                                                    exit code
    releases it     another thread waits for less than half of the call, if at all          0
    releases part   the call gives the GIL up by itself, but keeps it for longer            1
    takes turns     Python code: another thread waits for the switch interval               1
    holds it        another thread waits for nine tenths of the call, or all of it          1
    too short       a call of less than 5 ms that was not seen to release it                3
    unclear         even the controls (see below) hardly let it in                          3

Exit code 2: wrong use, or the statement fails. What the statement prints goes to stderr. It runs
about ten times or more: let it do the same work each time ("sorted(x)", not "x.sort()").

How it works: another thread, the watcher, naps for half a millisecond and notes the time, again
and again, while the call runs. Its longest wait for a turn is what is printed. A clock does not
tell why it waited, so the call also runs under two other switch intervals, the time after which a
thread that waits for the GIL asks for it:

- One longer than the call: nobody asks. If the watcher has turns, the call releases the GIL.
- One of 0.1 ms: Python code is asked all the time, and gives way. If the watcher has turns only
  now, the call takes turns. If it has none even now, the call holds the GIL.

A turn is proof. No turn is none: perhaps the watcher got no core. So controls, calls that are
known to let it in, run in between, until they have shown that it would have had its turns.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import signal
import sys
import threading
import time
from functools import partial
from hashlib import pbkdf2_hmac
from itertools import pairwise
from typing import NamedTuple

NAP = 0.0005  # seconds, as are all times here
SHORT_INTERVAL = 0.0001
SHORTEST = 0.005  # the shortest call to judge: even Python code makes others wait that long
LONGEST_CONTROL = 0.2
ENOUGH = 2.5  # as many good controls
PATIENCE = 10  # how long to wait for them
EXIT = {"releases": 0, "no GIL": 0, "releases part": 1, "takes turns": 1, "holds": 1}  # others: 3

NUMPY = "import numpy as np; a = "
JSON = "import json; d = [{'a': i} for i in range(100_000)]; s = json.dumps(d)"
FILE = "import tempfile; f = tempfile.TemporaryFile(); f.write(bytes(60_000_000))"
SQLITE = (
    "import sqlite3; db = sqlite3.connect(':memory:'); db.execute('create table t(a)');"
    "db.executemany('insert into t values (?)', zip(range(200_000)))"
)
CALLS = [  # setup, statement
    ("import time", "time.sleep(0.02)"),
    (FILE, "f.seek(0); f.read()"),
    ("import hashlib; data = bytes(30_000_000)", "hashlib.sha256(data)"),
    ("import zlib; data = bytes(range(250)) * 30_000", "zlib.compress(data)"),
    ("import bz2; data = bytes(range(250)) * 1_000", "bz2.compress(data)"),
    ("import lzma; data = bytes(range(250)) * 4_000", "lzma.compress(data)"),
    (SQLITE + "; total = 'select sum(a * a % 7) from t'", "db.execute(total).fetchall()"),
    (SQLITE + "; rows = 'select a from t'", "db.execute(rows).fetchall()"),
    (JSON, "json.dumps(d)"),
    (JSON, "json.loads(s)"),
    ("import pickle; d = [{'a': i} for i in range(200_000)]", "pickle.dumps(d)"),
    ("import re; text = 'one two ' * 100_000", r"re.findall(r'\w+', text)"),
    ("import random; x = [random.random() for _ in range(120_000)]", "sorted(x)"),
    ("text = 'one two ' * 400_000", "text.split()"),
    ("words = ['word'] * 2_000_000", "' '.join(words)"),
    ("", "7**200_000"),
    ("", "for i in range(1_000_000): pass"),
    (NUMPY + "np.ones((1000, 1000))", "np.dot(a, a)"),
    (NUMPY + "np.ones(8_000_000)", "np.add(a, a)"),
    (NUMPY + "np.ones(8_000_000)", "np.exp(a)"),
    (NUMPY + "np.random.rand(1_000_000)", "np.sort(a)"),
    (NUMPY + "np.ones(50_000)", "a.astype(str)"),
]


class Failed(Exception):
    """The setup or the statement does not compile, or raised an exception."""


@contextlib.contextmanager
def blaming(source):
    try:
        yield
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise Failed(f"the {source} fails: {reason}") from error


class Run(NamedTuple):
    seconds: float
    wait: float  # the watcher's longest wait within the run
    share: float  # and its share of the run


class Watcher(threading.Thread):
    """A thread that naps and notes the time, until stopped."""

    def __init__(self):
        super().__init__(daemon=True)
        self.turns, self.stopped = [], False

    def run(self):
        while not self.stopped:
            time.sleep(NAP)
            self.turns.append(now())

    def watch(self, call, interval):
        """Run the call under a switch interval; return the Run."""
        sys.setswitchinterval(interval)
        self.turns.clear()
        while not self.turns:  # the watcher's next wait goes by the new interval
            time.sleep(NAP)
        start = now()
        call()
        end = now()
        marks = [start, *(turn for turn in self.turns if start < turn < end), end]
        seconds, cpu_seconds = (b - a for a, b in zip(start, end, strict=True))
        wait, cpu_wait = (max(b - a for a, b in pairwise(t)) for t in zip(*marks, strict=True))
        share = wait / seconds
        if interval == SHORT_INTERVAL:
            # The watcher may come in just before or after the work. If the call must then wait for
            # a core, the time looks well shared. Its CPU time does not: there is none in waiting.
            share = max(share, cpu_wait / (cpu_seconds or 1))
        return Run(seconds, wait, share)

    def has_turns(self, call, interval, control):
        """Does the call let the watcher in? Return True, False or None (unclear), and the runs."""
        runs, evidence, give_up = [], 0, time.perf_counter() + PATIENCE
        while evidence < ENOUGH:
            if runs and time.perf_counter() > give_up:
                return None, runs
            run = self.watch(call, interval)
            runs.append(run)
            nobody_asked = run.seconds < interval
            if run.share <= 0.5 and (nobody_asked or interval == SHORT_INTERVAL):
                return True, runs
            # The longer the watcher waits beside a control, the less that says, or the contrary.
            length = min(run.seconds, LONGEST_CONTROL)
            shown = self.watch(partial(repeat, control, length), interval)
            evidence += (1 - 2 * shown.share) * run.seconds / length
        return False, runs


def now():
    return time.perf_counter(), time.process_time()


def repeat(call, seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        call()


def compute_released():
    pbkdf2_hmac("sha256", b"", b"", 1000)


def gil_is_on():
    """Tell it now: on a free-threaded build an import may turn the GIL on."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def look(watcher, call):
    """Return the verdict on a call, and the run that shows it best."""
    interval = sys.getswitchinterval()
    first = watcher.watch(call, interval)
    if first.seconds < 1:  # the very first call may have had more to do than later ones
        first = min(first, watcher.watch(call, interval))
    elif sys.stderr.isatty():
        print(f"a call takes {first.seconds:.1f} s; some more follow", file=sys.stderr)
    if not gil_is_on():
        return "no GIL", first

    short = first.seconds < SHORTEST
    calls = partial(repeat, call, 10 * SHORTEST) if short else call
    released, runs = watcher.has_turns(calls, 1 + 10 * first.seconds, compute_released)
    best = min(runs, key=lambda run: run.share)
    if short:  # and if they take turns, they may do so between two calls
        shown = best._replace(seconds=first.seconds)
        return ("releases", shown) if released else ("too short", first)
    if released:
        return "releases", min(first, best, key=lambda run: run.share)
    if released is False:
        turns, _ = watcher.has_turns(call, SHORT_INTERVAL, int)  # a Python loop
        if turns:
            return "takes turns", first
        if turns is False:
            return ("releases part", best) if best.share < 0.9 else ("holds", first)
    return "unclear", first


def judge(setup, statement):
    """Find out whether a statement holds the GIL; return the answer as a dict. Raises Failed."""
    names = {"__name__": "__main__"}
    interval, watcher = sys.getswitchinterval(), Watcher()
    with contextlib.redirect_stdout(sys.stderr):
        with blaming("setup"):
            exec(compile(setup, "<setup>", "exec"), names)
        with blaming("statement"):
            code = compile(statement, "<statement>", "exec")
        watcher.start()
        try:
            with blaming("statement"):
                verdict, run = look(watcher, lambda: exec(code, names))
        finally:
            sys.setswitchinterval(interval)
            watcher.stopped = True
            watcher.join()
    return {
        "statement": statement,
        "setup": setup,
        "verdict": verdict,
        "seconds": run.seconds,
        "longest_wait": run.wait,
        "switch_interval": interval,
        "python": sys.version.split()[0],
        "gil": verdict != "no GIL",
    }


def span(seconds):
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-4 else f"{seconds * 1e3:.2g} ms"


def sentence(answer):
    wait, seconds = span(answer["longest_wait"]), span(answer["seconds"])
    of_call = f"(longest wait of another thread {wait} of {seconds})"
    usual = answer["longest_wait"] < 2 * answer["switch_interval"]
    return {
        "releases": f"releases it ({wait})",
        "releases part": f"releases it for part of the call {of_call}",
        "takes turns": f"takes turns {f'({wait}, the switch interval)' if usual else of_call}",
        "holds": f"holds it {of_call}",
        "too short": f"too short to judge: {seconds} a call; give it more data",
        "unclear": "unclear: calls that release it seem to hold it; is something else busy?",
        "no GIL": "there is no GIL to hold: this Python runs without it",
    }[answer["verdict"]]


def table(as_json):
    """Judge CALLS and print a row for each."""
    if not (gil_is_on() or as_json):
        print("there is no GIL to hold: this Python runs without it")
        return
    calls = [c for c in CALLS if NUMPY not in c[0] or importlib.util.find_spec("numpy")]
    answers, row = [], "{:<34}{:>10}{:>14}  {}"
    if not as_json:
        interval = span(sys.getswitchinterval())
        print(f"who releases the GIL? CPython {sys.version.split()[0]}, switch interval {interval}")
        print(row.format("call", "time", "longest wait", "verdict"))
    for setup, statement in calls:
        try:
            answer = judge(setup, statement)
            cells = span(answer["seconds"]), span(answer["longest_wait"]), answer["verdict"]
        except Failed as failure:  # such as a Python that was built without bz2
            answer = {"statement": statement, "setup": setup, "verdict": str(failure)}
            cells = "-", "-", str(failure)
        answers.append(answer)
        if not as_json:
            print(row.format(statement, *cells), flush=True)
    if as_json:
        print(json.dumps(answers, indent=2))
    elif len(calls) < len(CALLS):
        print(f"\nNumPy is not installed: calls left out: {len(CALLS) - len(calls)}")


def read_arguments():
    parser = argparse.ArgumentParser(
        usage=argparse.SUPPRESS,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("statement", nargs="*", help="lines of the statement (default: a table)")
    parser.add_argument(
        "-s", "--setup", action="append", default=[], help="a line to run once before; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()
    if args.setup and not args.statement:
        parser.error("argument -s: a statement is expected after it")
    return args


def main():
    """Do what the arguments ask for; return the exit code."""
    args = read_arguments()
    sys.path.insert(0, os.curdir)  # as timeit does
    try:
        if not args.statement:
            table(args.json)
            return 0
        answer = judge("\n".join(args.setup), "\n".join(args.statement))
    except KeyboardInterrupt:
        print("who_releases.py: interrupted", file=sys.stderr)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)  # a shell then sees 130, and stops its script
    except BrokenPipeError:  # who reads the table has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Failed, RuntimeError) as error:  # RuntimeError: the watcher cannot start
        print(f"who_releases.py: {error}", file=sys.stderr)
        return 2
    print(json.dumps(answer) if args.json else sentence(answer))
    return EXIT.get(answer["verdict"], 3)


if __name__ == "__main__":
    sys.exit(main())
