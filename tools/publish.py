"""Write the measured tables into pages, between their markers: see guide/contributing.md.

    python publish.py README.md 0*/README.md

All are of this machine and this commit, and each row that must have its cores had them; what is
not yet so is measured first. Otherwise nothing is written.
"""

import subprocess
import sys
from pathlib import Path

import machine
import page
import results
from bench import fail, run, store

KEYS = "machine", "commit", "options"
TRIES = 5  # to measure a table with all its cores


def objection(table, here):
    """Say what keeps a table from being published; "" if nothing does."""
    rows = results.rows_of(table)
    if not rows or any(rows[0][key] != here[key] for key in KEYS):
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


def filled(text, folder, tables):
    """Return the text of a page in a folder with its tables."""

    def fill(found):
        shown = results.SHOW[found["kind"]](folder / found["name"] if found["name"] else tables)
        fence = ("```text\n", "```\n") if found["kind"] != "machine" else ("", "")
        return found["begin"] + f"{shown}\n".join(fence) + found["end"]

    return page.MARKED.sub(fill, text)


def main():
    texts = {path: path.read_text(encoding="utf-8") for path in map(Path, sys.argv[1:])}
    marked = [(path, found) for path, text in texts.items() for found in page.MARKED.finditer(text)]
    tables = sorted({path.parent / found["name"] for path, found in marked if found["name"]})
    measure_until_right(tables)
    for path, text in texts.items():
        new = filled(text, path.parent, tables)
        store(path, lambda unfinished, new=new: unfinished.write_text(new, encoding="utf-8"))
        print(f"{path}: {'unchanged' if new == text else 'written'}")


if __name__ == "__main__":
    run(main)
