"""Show what was measured: tables, the summary of all chapters, and the machine.

    python results.py summary FOLDER ...    a row of each chapter
    python results.py machine FOLDER ...    where and when they were measured

What a table shows stands in its chapter's tables.toml; measure.py explains that.
"""

import math
import sys
import textwrap
import tomllib
from pathlib import Path
from statistics import median

import bench
import page
import pyperf
from rich.bar import Bar
from rich.segment import Segment, Segments
from rich.table import Table

ENOUGH = 0.9  # of a core for each thread, in rows that must have their cores
LEFT = ("version", "words", "step", "from", "to")  # columns of text


def settings(folder):
    return tomllib.loads((folder / "tables.toml").read_text(encoding="utf-8"))


def load(folder, name):
    """Return what is stored of a table: its runs, each with its cells; none if not measured."""
    path = folder / "build" / f"{name}.json"
    suite = pyperf.BenchmarkSuite.load(str(path)) if path.is_file() else ()
    return [
        [run.get_metadata() | {"wall": run.values[0]} for run in row.get_runs()] for row in suite
    ]


def has_cores(run):
    return float(run["busy"]) >= ENOUGH * min(int(run["threads"]), run["usable_cpus"])


def fastest(runs, must_have_cores):
    """Return a row: its fastest run, and how far the median run lies above that.

    Runs without their cores count only if there are no others: threads that did not run at once
    did not get into each other's way either.
    """
    if must_have_cores:
        runs = list(filter(has_cores, runs)) or runs
    best = min(runs, key=lambda run: run["wall"])
    above = median(run["wall"] for run in runs) / best["wall"] - 1
    return best | {"±": f"{above:.0%}", "starved": must_have_cores and not has_cores(best)}


def rows_of(folder, name):
    """Return a table's rows, with what can be said only of all: speed-up, share of the limit."""
    table, rows, base = settings(folder)[name], [], {}
    for runs in load(folder, name) if "columns" in table else ():
        label = f"{runs[0]['program']}/{runs[0]['version']}"
        row = fastest(runs, label in table.get("cores", ()))
        row |= {"name": label, "words": table.get("words", {}).get(label)}
        group = table.get("base", row["program"])
        if row["program"] == "limits":  # each kind of work is its own base
            group = row["version"]
        first = base.setdefault(group, row["wall"])
        rows.append(row | {"speed": first / row["wall"]})
    moved = [row for row in rows if row.get("GB/s", "-") != "-"]  # others stay inside the cores
    limit = max((float(r["GB/s"]) for r in moved if r["program"] == "limits"), default=math.inf)
    for row in moved:
        row["of-limit"] = f"{float(row['GB/s']) / limit:.0%}"
    for row in rows:
        row["seconds"] = f"{row['wall']:.4f}" if row["wall"] >= 0.01 else f"{row['wall']:#.3g}"
        row["speedup"] = times(row["speed"])
    return rows


def say(console, text):
    console.out(textwrap.fill(text, page.WIDTH), highlight=False)


def times(speed):
    return f"{speed:.2f}" if speed < 100 else f"{speed:,.0f}"


def add_bars(rows):
    """Draw the speed-ups: to a logarithmic scale where they span decades; return its name."""
    top = max(row["speed"] for row in rows)
    scale = (lambda speed: math.log10(max(speed, 1)) + 0.05) if top > 20 else float
    for row in rows:
        row["bars"] = Bar(scale(top), 0, scale(row["speed"]), width=16)
    return "log scale" if top > 20 else ""


def print_rows(console, rows, columns, titles=False):
    """Print a table; with titles, a line before the rows of each program says what it does."""
    headers = {"words": "", "bars": add_bars(rows) if "bars" in columns else ""}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        justify = "left" if name in LEFT else "right"
        table.add_column(headers.get(name, name), justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*(row.get(name, "") for name in columns))
    wide = console.options.update(width=200)  # so that nothing is cut off
    rendered = console.render_lines(table, wide, pad=False)
    lines = [Segments([*line, Segment.line()]) for line in rendered]
    for before, line, row in zip([None, *rows], lines[1:], rows, strict=False):
        if titles and (not before or row["program"] != before["program"]):
            say(console, f"{row['program']}: {row['title']}")
        if not before:
            console.print(lines[0], end="", crop=False)
        console.print(line, end="", crop=False)


def print_steps(console, rows, steps):
    """Print what each step is worth: how many times as fast as one row another one is."""
    found, lines = {row["name"]: row for row in rows}, []
    for name, slow, fast in ((name, found[slow], found[fast]) for name, slow, fast in steps):
        lines.append({"step": name, "from": slow["version"], "to": fast["version"]})
        lines[-1] |= {"seconds": slow["seconds"], "then": fast["seconds"]}
        lines[-1]["times as fast"] = times(slow["wall"] / fast["wall"])
    print_rows(console, lines, list(lines[0]))
    console.out()


def show(console, folder, name):
    """Print a table, what its programs said below it, and which rows did not have their cores."""
    table, rows = settings(folder)[name], rows_of(folder, name)
    if "steps" in table:
        print_steps(console, rows, table["steps"])
    if rows:
        print_rows(console, rows, ["version", *table["columns"].split()], titles=True)
    below = (folder / "build" / f"{name}.txt").read_text(encoding="utf-8").rstrip()
    if below:
        console.out("\n" * bool(rows) + below, highlight=False)
    if starved := [row["name"] for row in rows if row["starved"]]:
        say(console, f"without a core for each thread: {', '.join(starved)}")


def show_ladder(console, folder, name):
    rows = [row for row in rows_of(folder, name) if row["words"]]
    print_rows(console, rows, ["version", "words", "speedup", "bars"])


def show_summary(console, folders):
    """Print of each chapter the row that sums it up, in the summary's words."""
    rows = []
    for folder in folders:
        for name, table in settings(folder).items():
            wanted, words = table.get("summary", ("", ""))
            found = [row for row in rows_of(folder, name) if row["name"] == wanted]
            rows += [row | {"chapter": folder.name[1], "words": words} for row in found]
    if not rows:
        bench.fail(1, "nothing is measured yet; type: make")
    print_rows(console, rows, ["chapter", "version", "seconds", "speedup", "busy", "words"])


def show_machine(console, folders):
    """Print where and when these chapters were measured: one line, if all on one machine."""
    tables = [load(folder, name) for folder in folders for name in settings(folder)]
    for line, date in sorted({(t[0][0]["machine"], t[0][0]["date"][:10]) for t in tables if t}):
        say(console, f"{line}; {date}")


def main():
    {"summary": show_summary, "machine": show_machine}[sys.argv[1]](
        page.console_for(), [Path(name) for name in sys.argv[2:]]
    )


if __name__ == "__main__":
    bench.run(main)
