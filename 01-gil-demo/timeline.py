"""Who holds the GIL, drawn: one strip a thread, over the same time.

    python3 timeline.py
    python3 timeline.py -w hash
    python3 timeline.py --switch-interval 1 --svg timeline.svg --trace timeline.json

Each thread works in small slices, and after each one notes two clocks: the time, and the CPU time
that it has had. Where the second stands still, the thread waited. The work is one of

python    a loop of bytecode: one thread runs at any moment, in turns of a switch interval
hash      SHA-256 of large buffers: hashlib's C code releases the GIL, so all run
sleep     2 ms of Python, then 8 ms asleep: the gaps overlap, because sleeping releases the GIL
socket    the same, but waiting for an answer from a socket
"""

import bisect
import hashlib
import platform
import select
import shutil
import socket
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import timeline_files
from bench import read_options, run

BUFFER = bytes(2**18)
SILENT, _OTHER_END = socket.socketpair()  # nobody answers: it is the waiting that we want
WARM_UP = 0.050  # seconds not shown, in which the system spreads threads over the cores


def loop():
    """Add up the numbers below 4000, about 0.2 ms of bytecode."""
    x = 0
    for i in range(4000):
        x += i
    return x


# Each kind of work is a round of slices, repeated.
WORK = {
    "python": [loop],
    "hash": [lambda: hashlib.sha256(BUFFER)],
    "sleep": [loop] * 10 + [lambda: time.sleep(0.008)],
    "socket": [loop] * 10 + [lambda: select.select([SILENT], [], [], 0.008)],
}


def clocks():
    return time.perf_counter(), time.thread_time()


def record(slices, threads, seconds):
    """Let threads repeat the slices until they have been warm for some seconds.

    Returns for each thread its notes: (time since it was warm, CPU time so far), in seconds.
    """
    begin = []
    # Nobody computes before all are there, and nobody waits for ever for one that cannot start.
    start = threading.Barrier(threads, lambda: begin.append(time.perf_counter() + WARM_UP), 60)

    def work(_):
        start.wait()
        notes = [clocks()]
        while len(notes) == 1 or notes[-1][0] < begin[0] + seconds:
            for one in slices:
                one()
                notes.append(clocks())
        return [(now - begin[0], cpu) for now, cpu in notes]

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, range(threads)))


def ran(notes, start, end):
    """Return the share of the time from start to end that a thread ran, from its notes."""

    def cpu_at(moment):  # between two notes: on the straight line
        i = bisect.bisect(notes, (moment,))
        (t0, cpu0), (t1, cpu1) = notes[max(i - 1, 0)], notes[min(i, len(notes) - 1)]
        return cpu0 + (cpu1 - cpu0) * (moment - t0) / (t1 - t0) if t0 < t1 else cpu0

    return min((cpu_at(end) - cpu_at(start)) / (end - start), 1)


def turns_of(notes, seconds):
    """Return a thread's turns: a list of (start, end) between which it ran without a break."""
    turns = []
    for (t0, cpu0), (t1, cpu1) in pairwise(notes):
        start, end = max(t0, 0), min(t1, seconds)
        if start < end and cpu1 - cpu0 >= (t1 - t0) / 2:
            if turns and turns[-1][1] == start:  # goes on
                start, _ = turns.pop()
            turns.append((start, end))
    return turns


def show(threads, seconds):
    """Print a strip and a share for each thread: the fuller a cell, the more it ran."""
    marks = " ▁▂▃▄▅▆▇█" if "utf" in sys.stdout.encoding.lower() else " .:-=+*#@"
    width = max(20, min(shutil.get_terminal_size().columns, 100) - 19) // 5 * 5
    labels = "".join(f"{seconds * 200 * i:<{width // 5}.4g}" for i in range(5))
    print(f"{'':<10}{labels}{seconds * 1e3:.4g} ms")
    borders = [seconds * i / width for i in range(width + 1)]
    for i, notes in enumerate(threads, 1):
        cells = (ran(notes, *cell) for cell in pairwise(borders))
        strip = "".join(marks[round(share * (len(marks) - 1))] for share in cells)
        print(f"thread {i}  {strip}  {ran(notes, 0, seconds):4.0%}")


def summary(threads, seconds):
    """Say how much ran together, how long turns are, and what taking notes costs."""
    together = sum(ran(notes, 0, seconds) for notes in threads)
    turns = [end - start for notes in threads for start, end in turns_of(notes, seconds)[1:-1]]
    told = f"together {together:.0%} of one core"
    if together < 1.2 and len(turns) > 3:
        told += f", in turns of {statistics.median(turns) * 1e3:.2g} ms"
    slices = [t1 - t0 for notes in threads for (t0, _), (t1, _) in pairwise(notes)]
    start, probe = time.perf_counter(), [clocks() for _ in range(10_000)]
    noting = (time.perf_counter() - start) / len(probe) / statistics.median(slices)
    return f"{told}; notes took {noting:.1%} of the time"


def main():
    options = {
        "w": {"choices": WORK, "default": "python", "help": "the work (default: python)"},
        "t": (2, 1, 256, "threads"),
        "n": (100, 10, 10_000, "milliseconds"),
        "switch-interval": (5, 1, 1000, "milliseconds until a waiting thread asks for the GIL"),
    }
    args = read_options(__doc__, **options, **timeline_files.OPTIONS)
    sys.setswitchinterval(args.switch_interval / 1e3)
    gil = "with" if getattr(sys, "_is_gil_enabled", lambda: True)() else "without"
    python = f"CPython {platform.python_version()} {gil} the GIL"
    title = f"{args.w} on {args.t} threads; {python}, interval {args.switch_interval} ms"
    seconds = args.n / 1e3
    print(f"who ran when: {title}")
    threads = record(WORK[args.w], args.t, seconds)
    show(threads, seconds)
    print(summary(threads, seconds))
    timeline_files.write(args, title, [turns_of(notes, seconds) for notes in threads], seconds)


if __name__ == "__main__":
    run(main)
