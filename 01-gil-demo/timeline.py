"""Who ran when, drawn: one strip for each thread, over the same time.

    python3 timeline.py
    python3 timeline.py -w hash

Each thread works in small slices. After each slice it notes two clocks: the time, and the CPU time
that the thread has had. Where the second clock stands still, the thread waited. The work is a loop
of bytecode, or a hash of a large buffer: hashlib's C code releases the GIL.
"""

import bisect
import hashlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from bench import read_options, run

BUFFER = bytes(2**18)
SHOWN = 0.100  # seconds
WARM_UP = 0.050  # seconds before, in which the system spreads threads over the cores
WIDTH = 60  # characters of a strip


def loop():
    x = 0
    for i in range(4000):
        x += i


# A slice of each kind of work takes about 0.2 ms.
WORK = {"python": loop, "hash": lambda: hashlib.sha256(BUFFER)}


def record(work, threads):
    """Let threads work through the warm-up and what is shown, and return the notes of each thread.

    A note is (time since the end of the warm-up, CPU time of the thread so far), in seconds.
    """
    begin = time.perf_counter() + 2 * WARM_UP

    def take_notes(_):
        time.sleep(max(begin - WARM_UP - time.perf_counter(), 0))  # until all threads are there
        notes = [(-WARM_UP, time.thread_time())]
        while notes[-1][0] < SHOWN:
            work()
            notes.append((time.perf_counter() - begin, time.thread_time()))
        return notes

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(take_notes, range(threads)))


def share(notes, start, end):
    """Return the share of the time from start to end that a thread ran, from its notes."""
    before, after = (notes[bisect.bisect(notes, (at,)) - 1][1] for at in (start, end))
    return min((after - before) / (end - start), 1)


def show(threads):
    """Print a strip and a share for each thread: the fuller a cell, the more the thread ran."""
    marks = " ▁▂▃▄▅▆▇█" if "utf" in sys.stdout.encoding.lower() else " .:-=+*#@"
    print("          0           20          40          60          80          100 ms")
    borders = [SHOWN * i / WIDTH for i in range(WIDTH + 1)]
    for i, notes in enumerate(threads, 1):
        cells = (share(notes, *cell) for cell in pairwise(borders))
        strip = "".join(marks[round(cell * (len(marks) - 1))] for cell in cells)
        print(f"thread {i}  {strip}  {share(notes, 0, SHOWN):4.0%}")
    print(f"together {sum(share(notes, 0, SHOWN) for notes in threads):.0%} of a core")


def main():
    args = read_options(
        __doc__,
        w={"choices": WORK, "default": "python", "help": "the work (default: python)"},
        t=(2, 1, 256, "threads"),
        i=(5, 1, 50, "switch interval in milliseconds"),
    )
    sys.setswitchinterval(args.i / 1e3)
    print(f"who ran when: {args.w} on {args.t} threads, switch interval {args.i} ms")
    show(record(WORK[args.w], args.t))


if __name__ == "__main__":
    run(main)
