"""Does this call hold the GIL, or can other threads run meanwhile? Used as timeit is.

    python3 who_releases.py -s 'import json; d = [1] * 1_000_000' 'json.dumps(d)'
    python3 who_releases.py          (a table of calls that everyone uses)

The answer is one line, and the exit code says it too:

    0   releases it      Other threads can run: they wait for at most half of the call.
    1   releases part    Other threads can run, but they wait for most of the call.
    1   holds it         Other threads wait for all of the call, or nine tenths of it.
    1   takes turns      Python code: other threads wait for the switch interval (5 ms) each time.
    3   too short        A call takes less than 5 ms. Give it more data.
    3   unclear          This machine is too busy to tell.
    0   no GIL           This Python runs without a GIL.
    2                    Wrong use, or the statement fails.

The statement runs about ten times, so it must do the same work each time: "sorted(x)", and not
"x.sort()". What it prints goes to stderr.

How it works: while the call runs, a second thread, the watcher, sleeps for half a millisecond and
notes the time, again and again. A note needs the GIL, so the longest time between two notes is how
long the watcher had to wait. The call runs under two switch intervals. The switch interval is how
long a thread waits for the GIL before it asks the thread that has the GIL to give it up.

- One interval is longer than the call, so nobody asks. If the watcher makes notes all the same,
  the call releases the GIL.
- The other is 0.1 ms. Python code is asked again and again, and gives the GIL up. C code is never
  asked. If the watcher makes notes only now, the call takes turns.

A watcher without notes proves nothing: perhaps it had no core to run on. So a control follows, a
call that is known to let the watcher in. "Holds it" is said only after the watcher has made its
notes beside several controls.
"""

import _thread
import argparse
import contextlib
import os
import signal
import sys
import threading
import time
from functools import cache, partial
from hashlib import pbkdf2_hmac
from inspect import isbuiltin
from itertools import pairwise
from typing import NamedTuple

SLEEP = 0.0005  # seconds, as are all times here
SHORT_INTERVAL = 0.0001
SHORTEST = 0.005  # the shortest call to judge: even Python code makes others wait that long
LONGEST_CONTROL = 0.2
ENOUGH = 2.5  # as many controls that let the watcher in
PATIENCE = 10  # how long to wait for them
EXIT = {"releases it": 0, "no GIL": 0, "unclear": 3, "too short": 3}  # others: 1

DICTS = "d = [{'a': i} for i in range(150_000)]"
SERIES = "with recursive t(a) as (select 1 union all select a + 1 from t limit 200000) "
CALLS = [  # setup, statement
    ("import time", "time.sleep(0.02)"),
    ("f = open('/dev/zero', 'rb', 0)", "f.read(50_000_000)"),
    ("import hashlib; data = bytes(30_000_000)", "hashlib.sha256(data)"),
    ("import zlib; data = bytes(range(250)) * 30_000", "zlib.compress(data)"),
    (f"import sqlite3; q = '{SERIES} select sum(a) from t'", "sqlite3.connect('').execute(q)"),
    (f"import json; {DICTS}", "json.dumps(d)"),
    (f"import pickle; {DICTS}", "pickle.dumps(d)"),
    ("import random; x = [random.random() for _ in range(120_000)]", "sorted(x)"),
    ("", "7**200_000"),
    ("", "for i in range(1_000_000): pass"),
    ("import numpy as np; a = np.ones((1000, 1000))", "np.dot(a, a)"),
    ("import numpy as np; a = np.ones(50_000)", "a.astype(str)"),
]

notes = []  # of the watcher: wall and CPU time


class Run(NamedTuple):
    seconds: float
    wait: float  # the watcher's longest wait within the run
    share: float  # and its share of the run


def now():
    return time.perf_counter(), time.process_time()


@cache  # once
def start_watcher():
    def sleep_and_note():
        while True:
            time.sleep(SLEEP)
            notes.append(now())

    threading.Thread(target=sleep_and_note, daemon=True).start()


def watch(call, interval):
    """Run the call under a switch interval; return the Run."""
    sys.setswitchinterval(interval)
    notes.clear()
    while not notes:  # the watcher's next wait goes by the new interval
        time.sleep(SLEEP)
    start = now()
    call()
    end = now()
    times = zip(start, *(note for note in notes if start < note < end), end, strict=True)
    (seconds, wait), (cpu, cpu_wait) = (
        (t[-1] - t[0], max(b - a for a, b in pairwise(t))) for t in times
    )
    share = wait / seconds
    if interval == SHORT_INTERVAL:
        # The watcher may come in just before or after the work. If the call must then wait for a
        # core, the time looks well shared. Its CPU time does not: there is none in waiting.
        share = max(share, cpu_wait / (cpu or 1))
    return Run(seconds, wait, share)


def lets_in(call, interval, control):
    """Can the watcher run beside the call? Return True, False or None (unclear), and a Run."""
    best, evidence, give_up = Run(0, 0, 2), 0, time.perf_counter() + PATIENCE
    while evidence < ENOUGH:
        run = watch(call, interval)
        best = min(best, run, key=lambda run: run.share)
        if run.share <= 0.5 and (interval == SHORT_INTERVAL or run.seconds < interval):
            return True, run
        if time.perf_counter() > give_up:
            return None, best
        # The longer the watcher waits beside a control, the less that says, or the contrary.
        length = min(run.seconds, LONGEST_CONTROL)
        shown = watch(partial(repeat, control, length), interval)
        evidence += (1 - 2 * shown.share) * run.seconds / length
    return False, best


def repeat(call, seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        call()


def look(call):
    """Return the verdict on a call, and the run that shows it best."""
    interval = sys.getswitchinterval()
    first = min(watch(call, interval), watch(call, interval))  # one may have had more to do
    if not getattr(sys, "_is_gil_enabled", lambda: True)():  # an import may have turned it on
        return "no GIL", first
    short, nobody_asks = first.seconds < SHORTEST, 1 + 10 * first.seconds
    calls = partial(repeat, call, 10 * SHORTEST) if short else call
    released, best = lets_in(calls, nobody_asks, partial(pbkdf2_hmac, "sha256", b"", b"", 1000))
    if released:
        return "releases it", first if short else best
    if short:  # if such calls take turns, they may do so between two of them
        return "too short", first
    # The control is a Python loop.
    turns = lets_in(call, SHORT_INTERVAL, int)[0] if released is False else None
    if turns is None:
        return "unclear", first
    if turns:
        return "takes turns", first
    return ("releases part", best) if best.share < 0.9 else ("holds it", first)


def judge(setup, statement):
    """Return the verdict on a statement, and the run that shows it. Raises RuntimeError."""
    names, interval = {"__name__": "__main__"}, sys.getswitchinterval()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            exec(compile(setup, "<setup>", "exec"), names)
            code = compile(statement, "<statement>", "exec")
            if not all(map(isbuiltin, (time.sleep, time.perf_counter, _thread.start_new_thread))):
                raise RuntimeError("threads or clocks are patched here, as by gevent")
            start_watcher()
            return look(partial(exec, code, names))
    except BaseException as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise RuntimeError(f"no verdict: {reason}") from error
    finally:
        sys.setswitchinterval(interval)


def ms(seconds):
    return f"{seconds * 1e3:.1f} ms"


def show_table():
    interval, row = ms(sys.getswitchinterval()), "{:<34}{:>10}{:>14}  {}"
    print(f"who releases the GIL? CPython {sys.version.split()[0]}, switch interval {interval}")
    print(row.format("call", "time", "longest wait", "verdict"))
    for setup, statement in CALLS:
        try:
            verdict, run = judge(setup, statement)
            print(row.format(statement, ms(run.seconds), ms(run.wait), verdict), flush=True)
        except RuntimeError as failure:  # such as a Python without NumPy
            print(row.format(statement, "-", "-", failure), flush=True)


def main():
    """Do what the arguments ask for; return the exit code."""
    parser = argparse.ArgumentParser(
        usage=argparse.SUPPRESS,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("statement", nargs="*", help="lines of the statement (default: a table)")
    parser.add_argument("-s", "--setup", action="append", help="a line to run once before")
    args = parser.parse_args()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not ignored, as by nohup
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends a call in C, too
    sys.path.insert(0, os.curdir)  # as timeit does
    try:
        if not (args.statement or args.setup):
            show_table()
            return 0
        verdict, run = judge("\n".join(args.setup or []), "\n".join(args.statement))
        times = f"a call takes {ms(run.seconds)}, another thread waits {ms(run.wait)} at most"
        print(f"{verdict} ({times})", flush=True)
        return EXIT.get(verdict, 1)
    except (RuntimeError, OSError) as error:  # an OSError: the answer cannot be written
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # and is not tried again
        print(f"who_releases.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
