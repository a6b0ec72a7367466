"""Show what was measured: tables, the summary of all chapters, and the machine.

    python results.py summary FOLDER ...    a row of each chapter
    python results.py machine FOLDER ...    where and when they were measured

A table is named by its path, as 01-gil-demo/count. What it shows stands in the tables.toml of its
folder (see guide/contributing.md); its runs are in build/count.json, the text below in count.txt.
"""

import math
import sys
import tomllib
from pathlib import Path
from statistics import median

import bench
import page
import pyperf
from rich.bar import Bar
from rich.table import Table

ENOUGH = 0.9  # of a core for each thread, in rows that must have their cores
LEFT = "version", "step", "lesson"  # columns of text


def settings(folder):
    """Return what a folder's tables.toml says of each table."""
    return tomllib.loads((folder / "tables.toml").read_text(encoding="utf-8"))


def load(table):
    """Return what is stored of a table: its rows, each a list of runs; none if not measured."""
    path = table.parent / "build" / f"{table.name}.json"
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
    row = best | {"±": f"{above:.0%}", "seconds": f"{best['wall']:#.4g}"}
    return row | {"starved": must_have_cores and not has_cores(best)}


def rows_of(table):
    """Return a table's rows, with what can be said only of all: speed-up, share of the limit."""
    about, rows, first = settings(table.parent)[table.name], [], {}
    for runs in load(table) if "columns" in about else ():
        name = f"{runs[0]['program']}/{runs[0]['version']}"
        row = fastest(runs, name in about.get("cores", ()))
        row["speed"] = first.setdefault(row.get(about.get("base", "program")), row["wall"])
        row["speed"] /= row["wall"]
        rows.append(row | {"name": name, "speedup": times(row["speed"])})
    moved = [row for row in rows if row.get("GB/s", "-") != "-"]  # others stay inside the cores
    limit = max((float(r["GB/s"]) for r in moved if r["program"] == "limits"), default=math.inf)
    for row in moved:
        row["of-limit"] = f"{float(row['GB/s']) / limit:.0%}"
    return rows


def times(speed):
    return f"{speed:.2f}" if speed < 100 else f"{speed:,.0f}"


def print_rows(console, rows, columns, titles=False):
    """Print a table; with titles, a line before the rows of each program says what it does."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        grid.add_column(name, justify="left" if name in LEFT else "right", no_wrap=True)
    for row in rows:
        grid.add_row(*(row.get(name, "") for name in columns))
    width, console.width = console.width, 200  # a wide table is not cut off
    with console.capture() as captured:
        console.print(grid)
    console.width = width
    header, *lines = (line.rstrip() for line in captured.get().splitlines())
    for before, row, line in zip([None, *rows], rows, lines, strict=False):
        if titles and (not before or row["program"] != before["program"]):
            console.out(f"{row['program']}: {row['title']}", highlight=False)
        print(*[header] * (not before), line, sep="\n", file=console.file)


def show_ladder(console, table):
    """Print the rows that have words, in the words' order, each against the one above it."""
    words = settings(table.parent)[table.name]["words"]
    found = {row["name"]: row for row in rows_of(table)}
    rows = [found[name] | {"step": text} for name, text in words.items() if name in found]
    decades = [math.log10(row["speed"]) + 0.1 for row in rows]
    for before, row, length in zip([None, *rows], rows, decades, strict=False):
        row["gain"] = times(before["wall"] / row["wall"]) if before else ""
        row["log scale"] = Bar(max(decades), 0, length, width=16)
    print_rows(console, rows, ["version", "step", "gain", "speedup", "log scale"])


def show(console, table):
    """Print a table, what its programs said below it, and which rows did not have their cores."""
    about, rows = settings(table.parent)[table.name], rows_of(table)
    if "words" in about:
        show_ladder(console, table)
        console.out()
    if rows:
        print_rows(console, rows, ["version", *about["columns"].split()], titles=True)
    below = (table.parent / "build" / f"{table.name}.txt").read_text(encoding="utf-8").rstrip()
    if below:
        console.out("\n" * bool(rows) + below, highlight=False)
    for row in rows:
        if row["starved"]:
            console.out(f"{row['name']} did not have a core for each thread", highlight=False)


def show_summary(console, tables):
    """Print of each chapter the row that sums it up, in the summary's words."""
    rows = []
    for table in tables:
        wanted, lesson = settings(table.parent)[table.name].get("summary", ("", ""))
        found = [row for row in rows_of(table) if row["name"] == wanted]
        rows += [row | {"chapter": table.parent.name[1], "lesson": lesson} for row in found]
    if not rows:
        bench.fail(1, "nothing is measured yet; type: make")
    print_rows(console, rows, ["chapter", "version", "seconds", "speedup", "busy", "lesson"])


def show_machine(console, tables):
    """Print where and when tables were measured: one line, if all on one machine."""
    first = [rows[0][0] for rows in map(load, tables) if rows]
    for line in sorted({f"{run['machine']}; {run['date'][:10]}" for run in first}):
        console.print(line, highlight=False)


SHOW = {"table": show, "ladder": show_ladder, "summary": show_summary, "machine": show_machine}


def main():
    _, what, *folders = sys.argv
    tables = [Path(folder, name) for folder in folders for name in settings(Path(folder))]
    SHOW[what](page.console_for(), tables)


if __name__ == "__main__":
    bench.run(main)
