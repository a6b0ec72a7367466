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

import argparse
import contextlib
import hashlib
import html
import json
import os
import platform
import shutil
import socket
import statistics
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

BUFFER = bytes(2**18)
WARM_UP = 50_000_000  # nanoseconds not shown, in which the system spreads threads over the cores
BLOCKS, ASCII = " ▁▂▃▄▅▆▇█", " .:-=+*#@"


def loop():
    """Add up the numbers below 4000, about 0.2 ms of bytecode."""
    x = 0
    for i in range(4000):
        x += i
    return x


def hash_buffer():
    return hashlib.sha256(BUFFER).digest()


def sleep():
    time.sleep(0.008)


def wait_for_socket():
    near, far = socket.socketpair()
    with near, far:
        near.settimeout(0.008)
        with contextlib.suppress(TimeoutError):  # nobody answers: it is the waiting that we want
            near.recv(1)


# Each kind of work is a round of slices, repeated.
WORK = {
    "python": [loop],
    "hash": [hash_buffer],
    "sleep": [loop] * 10 + [sleep],
    "socket": [loop] * 10 + [wait_for_socket],
}


def run(slices, threads, seconds):
    """Let threads repeat the slices for some seconds.

    Returns the time they were warm and for each thread its notes: (time, CPU time so far), in
    nanoseconds. Raises RuntimeError if a thread cannot be started, or a slice's result is wrong.
    """
    expected = {work: work() for work in set(slices)}
    notes = [[] for _ in range(threads)]
    gate, begin, wrong = threading.Event(), [], []

    def work(note):
        gate.wait()
        end = begin[0] + seconds * 1e9 if begin else 0
        note.append((time.perf_counter_ns(), time.thread_time_ns()))
        while note[-1][0] < end:
            for one in slices:
                if one() != expected[one]:
                    wrong.append(one.__name__)
                note.append((time.perf_counter_ns(), time.thread_time_ns()))

    workers = [threading.Thread(target=work, args=(note,)) for note in notes]
    started = 0
    try:
        for worker in workers:
            worker.start()
            started += 1
        begin.append(time.perf_counter_ns() + WARM_UP)
    finally:
        gate.set()
        for worker in workers[:started]:
            worker.join()
    if wrong:
        raise RuntimeError(f"wrong result of {wrong[0]}")
    return begin[0], notes


def pieces_of(notes, begin, seconds):
    """Turn a thread's notes into (start, end, share of it that it ran), in seconds from begin."""
    pieces = []
    for (t0, cpu0), (t1, cpu1) in pairwise(notes):
        start, end = max((t0 - begin) / 1e9, 0), min((t1 - begin) / 1e9, seconds)
        if start < end:
            pieces.append((start, end, min((cpu1 - cpu0) / (t1 - t0), 1)))
    return pieces


def turns_of(pieces):
    """Join the pieces in which a thread ran into turns, a list of [start, end]."""
    turns = []
    for start, end, share in pieces:
        if share < 0.5:
            continue
        if turns and turns[-1][1] == start:
            turns[-1][1] = end
        else:
            turns.append([start, end])
    return turns


def strip_of(pieces, seconds, width, marks):
    """Draw the pieces as one character for each of width cells: the fuller, the more it ran."""
    ran = [0.0] * width
    for start, end, share in pieces:
        for cell in range(int(start / seconds * width), width):
            left, right = cell * seconds / width, (cell + 1) * seconds / width
            if left >= end:
                break
            ran[cell] += share * (min(end, right) - max(start, left)) / (right - left)
    return "".join(marks[round(min(share, 1) * (len(marks) - 1))] for share in ran)


def axis(seconds, width):
    """Label the time axis of a strip in milliseconds, each label at its place."""
    cells = [round(i * width / 5) for i in range(6)]
    labels = (f"{seconds * 200 * i:.4g}" for i in range(5))
    return "".join(
        f"{label:<{end - at}}" for label, (at, end) in zip(labels, pairwise(cells), strict=True)
    )


def share_of(pieces, seconds):
    return sum((end - start) * share for start, end, share in pieces) / seconds


def show(threads, seconds):
    """Print a strip and a share for each thread's pieces."""
    try:
        marks = BLOCKS
        BLOCKS.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        marks = ASCII
    width = max(20, min(shutil.get_terminal_size().columns, 100) - 19)
    print(f"\n{'':<10}{axis(seconds, width)}{seconds * 1e3:.4g} ms")
    for i, pieces in enumerate(threads, 1):
        strip = strip_of(pieces, seconds, width, marks)
        print(f"thread {i}  {strip}  {share_of(pieces, seconds):4.0%}")


def svg(title, threads, seconds):
    """Return the picture: for each thread a lane, with a bar for each turn."""
    left, width, lane = 80, 720, 34
    bottom = 40 + lane * len(threads)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {bottom + 30}"'
        ' font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="20">{html.escape(title)}</text>',
    ]
    for i, pieces in enumerate(threads):
        y = 34 + lane * i
        lines.append(f'<text x="10" y="{y + 18}">thread {i + 1}</text>')
        lines.append(f'<rect x="{left}" y="{y}" width="{width}" height="24" fill="#eee"/>')
        for start, end in turns_of(pieces):
            x, w = left + start / seconds * width, (end - start) / seconds * width
            lines.append(f'<rect x="{x:.2f}" y="{y}" width="{w:.2f}" height="24" fill="#3572a5"/>')
        share = f"{share_of(pieces, seconds):.0%}"
        lines.append(f'<text x="{left + width + 10}" y="{y + 18}">{share}</text>')
    for i in range(6):
        x, label = left + width * i / 5, f"{seconds * 200 * i:.4g}{' ms' if i == 5 else ''}"
        lines.append(f'<text x="{x}" y="{bottom + 20}" text-anchor="middle">{label}</text>')
    return "\n".join([*lines, "</svg>\n"])


def trace(title, threads):
    """Return the turns in Chrome's trace format, which https://ui.perfetto.dev opens."""
    events = [{"ph": "M", "name": "process_name", "pid": 1, "args": {"name": title}}]
    for i, pieces in enumerate(threads, 1):
        where = {"pid": 1, "tid": i}
        events.append({"ph": "M", "name": "thread_name", **where, "args": {"name": f"thread {i}"}})
        for start, end in turns_of(pieces):
            turn = {"ph": "X", "name": "runs", "ts": start * 1e6, "dur": (end - start) * 1e6}
            events.append(turn | where)
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}) + "\n"


def summary(threads, notes, seconds):
    """Say how much ran together, how long turns are, and what taking notes costs."""
    together = sum(share_of(pieces, seconds) for pieces in threads)
    turns = [end - start for pieces in threads for start, end in turns_of(pieces)[1:-1]]
    turn = (
        f", in turns of {statistics.median(turns) * 1e3:.2g} ms"
        if together < 1.2 and len(turns) > 3
        else ""
    )
    slices = [t1 - t0 for note in notes for (t0, _), (t1, _) in pairwise(note)]
    probe, start = [], time.perf_counter_ns()
    for _ in range(10_000):
        probe.append((time.perf_counter_ns(), time.thread_time_ns()))
    noting = (time.perf_counter_ns() - start) / len(probe) / statistics.median(slices)
    return (
        f"together they ran {together:.0%} of one core{turn}; "
        f"taking notes took {noting:.1%} of a slice"
    )


def write(option, path, text):
    """Write a whole file or none; end with one line where that is impossible."""
    part = Path(f"{path}.part")
    try:
        if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
            path.write_text(text, encoding="utf-8")  # a device or a pipe is not to be replaced
        else:
            part.write_text(text, encoding="utf-8")
            part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        print(f"timeline.py: {option} '{path}': {error.strerror}", file=sys.stderr)
        sys.exit(2)


def whole(low, high):
    """Make an argparse type: a whole number from low to high."""

    def parse(text):
        digits = text.isascii() and text.isdigit() and len(text) < 20
        if not (digits and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(
                f"{text!r}: expected a whole number from {low} to {high}"
            )
        return int(text)

    return parse


def milliseconds(low, high):
    """Make an argparse type: a number of milliseconds from low to high, as seconds."""

    def parse(text):
        try:
            value = float(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise argparse.ArgumentTypeError(
                f"{text!r}: expected a number of milliseconds from {low} to {high}"
            )
        return value / 1e3

    return parse


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__.split("\n")[0])
    parser.add_argument("-w", choices=WORK, default="python", help="the work (default: python)")
    parser.add_argument("-t", type=whole(2, 4), default=2, help="threads, 2 to 4 (default: 2)")
    parser.add_argument(
        "-n", type=milliseconds(10, 10_000), default=0.1, help="milliseconds (default: 100)"
    )
    parser.add_argument(
        "--switch-interval",
        type=milliseconds(0.01, 1000),
        default=sys.getswitchinterval(),
        help="milliseconds until a waiting thread asks for the GIL (default: 5)",
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the picture")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="write a trace for Perfetto")
    args = parser.parse_args()
    sys.setswitchinterval(args.switch_interval)

    gil = "with" if getattr(sys, "_is_gil_enabled", lambda: True)() else "without"
    title = (
        f"{args.w} on {args.t} threads; CPython {platform.python_version()} {gil} the GIL, "
        f"switch interval {args.switch_interval * 1e3:g} ms"
    )
    print(f"who ran when: {title}")
    try:
        begin, notes = run(WORK[args.w], args.t, args.n)
    except RuntimeError as error:
        sys.exit(f"timeline.py: cannot run: {error}")
    threads = [pieces_of(note, begin, args.n) for note in notes]
    show(threads, args.n)
    print(f"\n{summary(threads, notes, args.n)}")
    if args.svg:
        write("--svg", args.svg, svg(title, threads, args.n))
    if args.trace:
        write("--trace", args.trace, trace(title, threads))


if __name__ == "__main__":
    main()
