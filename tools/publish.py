"""Write what was measured into the pages, in the tables' places; see guide/contributing.md.

    python publish.py README.md 01-gil-demo/README.md ...

What is published is of this machine and this commit, and each row that must have its cores had
them; what is not yet so is measured first. Otherwise nothing is written.
"""

import subprocess
import sys
from functools import partial
from pathlib import Path

import machine
import results
from bench import fail, run
from page import PLACE, keep, read

TRIES = 5  # to measure a table with all its cores


def objection(table, here):
    """Say what keeps a table from being published; "" if nothing does."""
    rows = results.rows_of(table)
    if not rows or any(rows[0][key] != here[key] for key in ("machine", "commit", "options")):
        return "not measured on this machine, at this commit, without THREADS="
    starved = [row["name"] for row in rows if row["starved"]]
    return ", ".join(f"{name} without a core for each thread" for name in starved)


def make(table):
    subprocess.run(["make", "-s", "-C", table.parent, f"measure-{table.name}"], check=False)


def measure_until_right(tables):
    """Measure what cannot be published yet, and again where a row did not have its cores."""
    here = machine.metadata()
    if here["commit"].endswith("+") or here["commit"] == "none":
        fail(1, "nothing is written: commit first, so that the figures have a commit")
    for tries_left in reversed(range(TRIES + 1)):
        wrong = {table: why for table in tables if (why := objection(table, here))}
        for table in wrong if tries_left else ():
            make(table)
    if wrong:
        fail(1, f"nothing is written: {'; '.join(f'{t}: {why}' for t, why in wrong.items())}")


def filled(folder, tables, place):
    """Return a place in the page of a folder with what belongs there."""
    name, kind = place["name"], place["kind"]
    shown = results.SHOW[kind](folder / name if name else tables)
    fence = ("```text\n", "```\n") if kind != "machine" else ("", "")
    return place["begin"] + f"{shown}\n".join(fence) + place["end"]


def publish(*paths):
    """Write the measured tables into pages, between their markers."""
    places = [(path, place) for path in paths for place in PLACE.finditer(read(path))]
    tables = sorted({path.parent / place["name"] for path, place in places if place["name"]})
    measure_until_right(tables)
    for path in paths:
        text = PLACE.sub(partial(filled, path.parent, tables), read(path))
        keep(path, text)
        print(f"{path} is written")


if __name__ == "__main__":
    run(lambda: publish(*map(Path, sys.argv[1:])))
