"""The turns of threads as files: a picture (SVG), and a trace to zoom into. See timeline.py.

The trace is in Chrome's format, JSON, which https://ui.perfetto.dev opens.
"""

import html
import json
from contextlib import suppress
from pathlib import Path

from bench import fail

OPTIONS = {
    "svg": {"metavar": "FILE", "help": "write the picture"},
    "trace": {"metavar": "FILE", "help": "write a trace for https://ui.perfetto.dev"},
}


def svg(title, threads, seconds):
    """Return the picture: for each thread a lane, with a bar for each of its turns."""
    left, width, lane = 80, 720, 34
    bottom = 40 + lane * len(threads)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {bottom + 30}"'
        ' font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="20">{html.escape(title)}</text>',
    ]
    for i, turns in enumerate(threads):
        y = 34 + lane * i
        lines.append(f'<text x="10" y="{y + 18}">thread {i + 1}</text>')
        lines.append(f'<rect x="{left}" y="{y}" width="{width}" height="24" fill="#eee"/>')
        for start, end in turns:
            x, w = left + start / seconds * width, (end - start) / seconds * width
            lines.append(f'<rect x="{x:.2f}" y="{y}" width="{w:.2f}" height="24" fill="#3572a5"/>')
        share = f"{sum(end - start for start, end in turns) / seconds:.0%}"
        lines.append(f'<text x="{left + width + 10}" y="{y + 18}">{share}</text>')
    for i in range(6):
        x, label = left + width * i / 5, f"{seconds * 200 * i:.4g}{' ms' if i == 5 else ''}"
        lines.append(f'<text x="{x}" y="{bottom + 20}" text-anchor="middle">{label}</text>')
    return "\n".join([*lines, "</svg>\n"])


def trace(title, threads):
    """Return the trace: an event for each turn, with its times in microseconds."""
    events = [{"ph": "M", "name": "process_name", "pid": 1, "args": {"name": title}}]
    for i, turns in enumerate(threads, 1):
        where = {"pid": 1, "tid": i}
        events.append({"ph": "M", "name": "thread_name", **where, "args": {"name": f"thread {i}"}})
        for start, end in turns:
            turn = {"ph": "X", "name": "runs", "ts": start * 1e6, "dur": (end - start) * 1e6}
            events.append(turn | where)
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}) + "\n"


def write_whole(option, path, text):
    """Write a whole file or none; end with one line where that is impossible."""
    part = Path(f"{path}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        fail(2, f"{option} '{path}': {error.strerror}")


def write(args, title, threads, seconds):
    """Write the files that the options ask for. threads: of each the list of its turns."""
    if args.svg is not None:
        write_whole("--svg", args.svg, svg(title, threads, seconds))
    if args.trace is not None:
        write_whole("--trace", args.trace, trace(title, threads))
