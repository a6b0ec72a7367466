"""Measure tables of a chapter, which its tables.toml describes, and show them.

    make measure-count      in the chapter's folder; python measure.py TABLE ... with $T set

The programs of a table run in turn (A B A B ...), each time in a fresh process, so that a machine
that changes its speed changes it for all of them. As in timeit the fastest run of a row counts:
what is slower is the machine's doing. All runs are kept in build/NAME.json, which pyperf reads
(https://pyperf.readthedocs.io); what a program prints below its rows, in build/NAME.txt.

    [count]                                           the table's name
    programs."count.py" = "python count.py $T"        a title for its rows; make sets T to "-t N"
    columns = "threads seconds ± speedup busy"        without columns: one run, kept as it printed
    cores = ["count.py/processes"]                    rows that must have a core for each thread
    varies = ["toy_gil.c/no-lock"]                    rows whose answer may change: wrong on purpose
    summary = ["count.py/threads", "take turns"]      its row in the summary, and what it says there
    words."sgd.c/serial" = "a row at a time"          rows of the ladder, and what they are
    steps = [["compiled", "sgd.py/python", "..."]]    rows to compare, in a table above the table
    turns = 1                                         so many runs at least (2)
    base = "table"                                    speed-up against the first row of all programs
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import bench
import bounded
import machine
import page
import pyperf
import results
from rich.console import Console
from rich.markdown import Markdown
from store import store

TIMEOUT = 300  # seconds; an example that takes longer than this hangs
BUDGET = 2  # seconds for all runs of a table, unless its turns take longer
COLUMNS = {"version", "threads", "answer", "seconds", "speedup", "busy"}


class Failed(Exception):
    """An example failed; the message is one line that says how."""


def run_once(command):
    """Run one example and return what it prints; Failed if it fails or hangs."""
    try:
        code, output, errors = bounded.run(shlex.split(command), TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{command}: {error}") from error
    if code:
        ended = signal.strsignal(-code) if code < 0 else "it says nothing"
        said = errors.strip().splitlines() or [ended]
        raise Failed(f"{command}: exit code {code}: {said[-1]}")
    return output


def parse(command, output):
    """Return an example's title, its rows (dicts of column: text) and the text below them.

    The rows begin below the line whose first word is "version", and end at a blank line.
    """
    above, _, table = ("\n" + output).partition("\nversion ")
    head, *lines = f"version {table}".partition("\n\n")[0].splitlines()
    columns = head.split()
    rows = [dict(zip(columns, line.split(), strict=False)) for line in lines]
    if not rows or any(not row.keys() >= COLUMNS for row in rows):
        raise Failed(f"{command}: it printed no table of rows")
    return above.strip() or "-", rows, table.partition("\n\n")[2].rstrip()


def run_all(programs, turns, budget):
    """Run the programs in turn until the time is over; return each one's parsed runs."""
    runs = {label: [] for label in programs}
    end = time.perf_counter() + budget
    with Console(stderr=True).status("") as status:
        while True:
            begin = time.perf_counter()
            for label, command in programs.items():
                status.update(f"{label}, run {len(runs[label]) + 1}")
                runs[label].append(parse(command, run_once(command)))
            now = time.perf_counter()
            if len(runs[label]) >= turns and now + (now - begin) > end:
                return runs


def benchmark(label, title, runs, about, varies=(), number=0):
    """Turn the runs of one row into a pyperf.Benchmark; Failed if its answer changes."""
    name = f"{label}/{runs[0]['version']}"
    if len({run["answer"] for run in runs}) > 1 and name not in varies:
        raise Failed(f"{name}: the answer changes from run to run")
    about = about | {"name": f"{name} {number}", "program": label, "title": title}
    keep = {"collect_metadata": False}
    return pyperf.Benchmark(
        [pyperf.Run([float(run["seconds"])], metadata=about | run, **keep) for run in runs]
    )


def measure_rows(table, about, budget):
    """Run the programs of a table; return its benchmarks, a row each, and the text below them."""
    benchmarks, below = [], []
    for label, runs in run_all(table["programs"], table.get("turns", 2), budget).items():
        title, _, text = min(runs, key=lambda run: sum(float(row["seconds"]) for row in run[1]))
        below += [line for line in text.splitlines() if line not in below or not line]
        names = {tuple((row["version"], row["threads"]) for row in rows) for _, rows, _ in runs}
        if len(names) > 1:
            raise Failed(f"{label}: its rows change from run to run")
        for number, row in enumerate(zip(*(rows for _, rows, _ in runs), strict=True)):
            benchmarks.append(benchmark(label, title, row, about, table.get("varies", ()), number))
    return benchmarks, "\n".join(below)


def measure_text(table, about):
    """Run the one program of a table without rows; return a benchmark of it, and its output."""
    ((label, command),) = table["programs"].items()
    begin = time.perf_counter()
    text = run_once(command)
    run = {"version": "-", "threads": "-", "answer": "-", "seconds": time.perf_counter() - begin}
    return [benchmark(label, "-", [run], about)], text


def measure(name, budget):
    """Measure a table of this folder and store it."""
    table, about = results.settings(Path()).get(name), machine.metadata()
    if not table:
        raise Failed(f"tables.toml has no table {name}")
    table["programs"] = {x: os.path.expandvars(y) for x, y in table["programs"].items()}
    stored, text = Path("build", f"{name}.json"), Path("build", f"{name}.txt")
    for path in stored, text:
        path.unlink(missing_ok=True)  # what fails below leaves nothing older behind
    if "columns" in table:
        benchmarks, below = measure_rows(table, about, budget)
    else:
        benchmarks, below = measure_text(table, about)
    store(text, lambda path: path.write_text(below, encoding="utf-8"))
    store(stored, lambda path: pyperf.BenchmarkSuite(benchmarks).dump(str(path)))


def show(name, took):
    """Show a table and the remark below it; with BRIEF=yes, a line that says what was measured."""
    if os.environ.get("BRIEF") == "yes":
        programs = " ".join(results.settings(Path())[name]["programs"])
        print(f"  {name:<18}{programs[:48]:<50}{took:6.1f} s")
        return
    console = page.console_for()
    results.show(console, Path(), name)
    console.print("", Markdown(page.remark(Path(), name)), "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds for each table")
    parser.add_argument("names", nargs="+", metavar="TABLE")
    args = parser.parse_args()
    failed = False
    for name in args.names:
        begin = time.perf_counter()
        try:
            measure(name, args.budget)
            show(name, time.perf_counter() - begin)
        except Failed as failure:
            print(f"no table: {failure}", file=sys.stderr)
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    bench.run(main)
