"""Measure tables of a chapter, which its tables.toml describes, and show them.

    make measure-count      in the chapter's folder; python measure.py TABLE ... with $T set

guide/contributing.md says what stands in a tables.toml, and how it is measured.
"""

import os
import shlex
import signal
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

TIMEOUT = 300  # seconds; an example that takes longer than this hangs
BUDGET = 2  # seconds for all runs of a table, unless its turns take longer; make BUDGET=20
PLAIN = [{"version": "-", "threads": "-", "seconds": "1"}]  # for output that is shown as it is
COLUMNS = {"version", "threads", "answer", "seconds", "speedup", "busy"}


class Failed(Exception):
    """An example failed; the message is one line that says how."""


def run_once(command):
    """Run one example and return what it prints; Failed if it fails or hangs."""
    code, output, errors = bounded.run(shlex.split(command), TIMEOUT)
    if code != 0:
        ended = signal.strsignal(-code) if code and code < 0 else "it says nothing"
        said = errors.strip().splitlines() or [ended]
        raise Failed(f"{command}: {said[-1]}" + f" (exit code {code})" * (code is not None))
    return output


def parse(command, output):
    """Return an example's rows (dicts of column: text, its title too) and the text below them.

    The rows begin below the line whose first word is "version", and end at a blank line.
    """
    above, _, table = ("\n" + output).partition("\nversion ")
    table, _, below = f"version {table}".partition("\n\n")
    head, *lines = table.splitlines()
    title = {"title": above.strip() or "-"}
    rows = [title | dict(zip(head.split(), line.split(), strict=False)) for line in lines]
    if not rows or any(not row.keys() >= COLUMNS for row in rows):
        raise Failed(f"{command}: it printed no table of rows")
    return rows, below.rstrip()


def run_in_turn(table, budget):
    """Run a table's programs in turn until the time is over; without columns, once.

    Return all runs of each row, and the text below the rows of the last turn.
    """
    about, runs, below = machine.metadata(), {}, {}
    plain = "columns" not in table
    turns, budget = (1, 0) if plain else (table.get("turns", 2), budget)
    turn, begin = 0, time.perf_counter()
    with Console(stderr=True).status("") as status:
        while turn < turns or (time.perf_counter() - begin) * (turn + 1) / turn < budget:
            turn += 1
            for label, command in table["programs"].items():
                status.update(f"{label}, run {turn}")
                output = run_once(os.path.expandvars(command))
                rows, below[label] = (PLAIN, output) if plain else parse(command, output)
                for number, row in enumerate(rows):  # a program may print two rows of one name
                    name = f"{label}/{row['version']}/{row['threads']}/{number}"
                    cells = about | row | {"name": name, "program": label}
                    run = pyperf.Run([float(row["seconds"])], None, cells, collect_metadata=False)
                    runs.setdefault(name, []).append(run)
    return runs, "\n".join(filter(None, below.values()))


def measure(name, budget):
    """Measure a table of this folder and store it."""
    table = results.settings(Path()).get(name)
    if not table:
        raise Failed(f"tables.toml has no table {name}")
    stored, text = Path("build", f"{name}.json"), Path("build", f"{name}.txt")
    for path in stored, text:
        path.unlink(missing_ok=True)  # what fails below leaves nothing older behind
    runs, below = run_in_turn(table, budget)
    suite = pyperf.BenchmarkSuite([pyperf.Benchmark(same) for same in runs.values()])
    page.keep(text, below)
    bench.store(stored, lambda path: suite.dump(str(path)))


def show(name, took):
    """Show a table and the remark below it; with BRIEF=yes, a line that says what was measured."""
    if os.environ.get("BRIEF") == "yes":
        programs = " ".join(results.settings(Path())[name]["programs"])
        print(f"  {name:<18}{programs[:48]:<50}{took:6.1f} s")
    else:
        print(results.show(Path(name)), end="\n\n")
        page.say_remark(Path(name))
        print()


def main():
    failed = False
    for number, name in enumerate(sys.argv[1:]):
        if number and os.environ.get("BRIEF") != "yes":
            page.typed("Enter: the next table", 600)
        begin = time.perf_counter()
        try:
            measure(name, float(os.environ.get("BUDGET") or BUDGET))
            show(name, time.perf_counter() - begin)
        except Failed as failure:
            print(f"no table: {failure}", file=sys.stderr)
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    bench.run(main)
