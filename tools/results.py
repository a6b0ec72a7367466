"""Show what was measured: tables, the summary of all chapters, and the machine.

    python results.py summary FOLDER ...    a row of each chapter
    python results.py machine FOLDER ...    where and when they were measured

A table is named by its path, as 01-gil-demo/count. What it shows stands in the tables.toml of its
folder (see guide/contributing.md); its runs are in build/count.json, the text below in count.txt.
"""

import math
import sys
import textwrap
import tomllib
from pathlib import Path
from statistics import median

import bench
import pyperf

ENOUGH = 0.9  # of a core for each thread, in rows that must have their cores
# Columns that begin on the left.
LEFT = "version", "step", "log scale", "lesson", "folder", "exercise"


def settings(folder):
    """Return what a folder's tables.toml says of each table."""
    return tomllib.loads((folder / "tables.toml").read_text(encoding="utf-8"))


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
    """Return a table's rows; none if it was not measured."""
    path, about = table.parent / "build" / f"{table.name}.json", settings(table.parent)[table.name]
    rows, first = [], {}
    for benchmark in pyperf.BenchmarkSuite.load(str(path)) if path.is_file() else ():
        runs = [run.get_metadata() | {"wall": run.values[0]} for run in benchmark.get_runs()]
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


def aligned(rows, columns):
    """Return these columns of rows as lines of text, the names of the columns first."""
    cells = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    sides = ["<" if name in LEFT else ">" for name in columns]
    places = [f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True)]
    return ["  ".join(places).format(*line).rstrip() for line in cells]


def ladder(table, rows=None):
    """Return the rows that have words, in the words' order, each against the one above it."""
    words, rows = settings(table.parent)[table.name]["words"], rows or rows_of(table)
    found = {row["name"]: row for row in rows}
    steps = [found[name] | {"step": text} for name, text in words.items() if name in found]
    decades = [math.log10(row["speed"]) + 0.1 for row in steps]
    for before, row, length in zip([None, *steps], steps, decades, strict=False):
        row["gain"] = times(before["wall"] / row["wall"]) if before else ""
        row["log scale"] = "█" * round(20 * length / max(decades))
    return "\n".join(aligned(steps, ["version", "step", "gain", "speedup", "log scale"]))


def show(table):
    """Return a table, what its programs said below it, and which rows did not have their cores."""
    about, rows, lines = settings(table.parent)[table.name], rows_of(table), []
    below = (table.parent / "build" / f"{table.name}.txt").read_text(encoding="utf-8").rstrip()
    if "columns" not in about:
        return below
    header, *cells = aligned(rows, ["version", *about["columns"].split()])
    for before, row, line in zip([None, *rows], rows, cells, strict=False):
        if not before or row["program"] != before["program"]:
            lines.append(f"{row['program']}: {row['title']}")
        lines.append(line)
    lines.insert(1, header)
    starved = [row["name"] for row in rows if row["starved"]]
    warning = "\n".join(f"{name} had no core for each thread: what else runs?" for name in starved)
    above = ladder(table, rows) if "words" in about else ""
    return "\n\n".join(filter(None, [above, "\n".join(lines), below, warning]))


def summary(tables):
    """Return of each chapter the row that sums it up, in the summary's words."""
    rows = []
    for table in tables:
        wanted, lesson = settings(table.parent)[table.name].get("summary", ("", ""))
        found = [row for row in rows_of(table) if row["name"] == wanted] if wanted else ()
        rows += [row | {"chapter": table.parent.name[1], "lesson": lesson} for row in found]
    if not rows:
        bench.fail(1, "nothing is measured yet; type: make")
    return "\n".join(aligned(rows, ["chapter", "version", "seconds", "speedup", "busy", "lesson"]))


def machine(tables):
    """Return where and when tables were measured: one line, if all on one machine."""
    first = [rows[0] for rows in map(rows_of, tables) if rows]
    lines = sorted({f"{run['machine']}; {run['date'][:10]}" for run in first})
    return "\n".join(textwrap.fill(line, 80) for line in lines)


SHOW = {"table": show, "ladder": ladder, "summary": summary, "machine": machine}


def main():
    _, what, *folders = sys.argv
    tables = [Path(folder, name) for folder in folders for name in settings(Path(folder))]
    print(SHOW[what](tables))


if __name__ == "__main__":
    bench.run(main)
