"""Write the measured tables into pages, between their markers.

    python publish.py README.md 0*/README.md

    <!-- table: count -->                   ...  <!-- end -->   a table of the page's folder
    <!-- ladder: 05-sgd-case-study/sgd -->  ...  <!-- end -->   the rows that have words
    <!-- summary -->  <!-- machine -->      ...  <!-- end -->   of all chapters

All are of this machine and this commit, and each row that must have its cores had them; what is
not yet so is measured first. Otherwise nothing is written.
"""

import io
import re
import subprocess
import sys
from pathlib import Path

import bench
import machine
import page
import results
from store import store

KEYS = "machine", "commit", "options"
TRIES = 5  # to measure a table with all its cores


def objections(tables):
    """Say of each of these tables (folder, name) what keeps it from being published."""
    here = machine.metadata()
    if here["commit"].endswith("+") or here["commit"] == "none":
        bench.fail(1, "nothing is written: commit first, so that the figures have a commit")
    for folder, name in tables:
        stored = results.load(folder, name)
        if not stored or any(stored[0][0][key] != here[key] for key in KEYS):
            yield folder, name, "not measured on this machine, at this commit, without THREADS="
        elif starved := [row["name"] for row in results.rows_of(folder, name) if row["starved"]]:
            yield folder, name, f"without a core for each thread: {', '.join(starved)}"


def make(folder, target):
    subprocess.run(["make", "-s", "-C", folder, target], check=False)


def measure_until_right(tables):
    """Measure what cannot be published yet, and again where a row did not have its cores."""
    for _ in range(TRIES):
        for folder, name, _ in list(objections(tables)):
            make(folder, f"measure-{name}")
    if against := [f"{folder}/{name} is {why}" for folder, name, why in objections(tables)]:
        bench.fail(1, "nothing is written: " + "; ".join(against))


def block(kind, readme, name, folders):
    """Return what stands between two markers of a page."""
    text = io.StringIO()
    console = page.console_for(text)
    if kind in ("table", "ladder"):
        path = readme.parent / name
        {"table": results.show, "ladder": results.show_ladder}[kind](
            console, path.parent, path.name
        )
    else:
        {"summary": results.show_summary, "machine": results.show_machine}[kind](console, folders)
    lines = "\n".join(line.rstrip() for line in text.getvalue().splitlines())
    return f"{lines}\n" if kind == "machine" else f"```text\n{lines}\n```\n"


MARKED = re.compile(
    r"(<!-- (table|ladder|summary|machine)(?:: (\S+))? -->\n).*?(<!-- end -->)", re.DOTALL
)


def main():
    pages = [Path(name) for name in sys.argv[1:]]
    texts = {readme: readme.read_text(encoding="utf-8") for readme in pages}
    named = [(r.parent / m[3]) for r, text in texts.items() for m in MARKED.finditer(text) if m[3]]
    tables = sorted({(path.parent, path.name) for path in named})
    measure_until_right(tables)
    folders = sorted({folder for folder, _ in tables})
    new = {
        readme: MARKED.sub(lambda m, r=readme: m[1] + block(m[2], r, m[3], folders) + m[4], text)
        for readme, text in texts.items()
    }
    for readme, text in new.items():
        store(readme, lambda path, text=text: path.write_text(text, encoding="utf-8"))
        print(f"{readme}: {'unchanged' if text == texts[readme] else 'written'}")


if __name__ == "__main__":
    bench.run(main)
