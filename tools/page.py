"""The chapters' pages: what they say on the terminal, and the tables that are written into them.

    python page.py question 01-gil-demo      its question; on a terminal, time for a guess
    python page.py next 01-gil-demo          the guess, the answer, and what comes after it
    python page.py publish README.md ...     fill the tables' places, see guide/contributing.md

What is published is of this machine and this commit, and each row that must have its cores had
them; what is not yet so is measured first. Otherwise nothing is written.
"""

import os
import re
import select
import signal
import subprocess
import sys
import termios
import tty
from functools import partial
from pathlib import Path

import machine
import results
from bench import fail, run, store
from rich.console import Console
from rich.markdown import Markdown

# The place of a table, and the quotation below it.
PLACE = re.compile(
    r"(?P<begin><!-- (?P<kind>table|ladder|summary|machine)(?:: (?P<name>\S+))? -->\n).*?"
    r"(?P<end><!-- end -->\n+(?P<remark>(?:>[^\n]*\n)*))",
    re.DOTALL,
)
TRIES = 5  # to measure a table with all its cores


def read(path):
    return path.read_text(encoding="utf-8")


def say(text):
    """Print Markdown, as wide as the tables on each terminal."""
    Console(width=80, height=25).print(Markdown(text))


def say_remark(table):
    """Print the quotation under a table in its folder's page."""
    found = PLACE.finditer(read(table.parent / "README.md"))
    remark = "".join(place["remark"] for place in found if place["name"] == table.name)
    if remark:
        print("The page says of its own figures:\n")
    say(re.sub("^> ?", "", remark, flags=re.MULTILINE))


def section(folder, heading):
    return read(folder / "README.md").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def typed(prompt, seconds):
    """Return a line that somebody types; "" if no key is pressed in time, or there is nobody."""
    both = os.isatty(0) and os.isatty(1)
    if not both or os.tcgetpgrp(0) != os.getpgrp() or os.getenv("CI"):
        return ""
    print(f"\n{prompt} ", end="", flush=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # Ctrl-C, too, leaves the terminal as
    before = termios.tcgetattr(0)  # it was
    try:
        tty.setcbreak(0)  # the first key is seen at once; after it the line has all the time
        pressed, *_ = select.select([0], [], [], seconds)
        first = os.read(0, 999).decode(errors="replace") if pressed else "\n"
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    ended = first[-1:] in "\r\n\x04"  # Enter, or Ctrl-D
    print(first.strip(), end="\n" * ended, flush=True)
    line = first if ended else first + sys.stdin.readline()
    return "".join(filter(str.isprintable, line)).strip()


def answer_of(folder):
    """Return a chapter's question, and the answer in the fold below it."""
    text, _, fold = section(folder, "Question").partition("<details>")
    return text, fold.partition("</summary>")[2].partition("</details>")[0]


def question(folder):
    """Show a chapter's question, and keep a guess."""
    title = read(folder / "README.md").splitlines()[0].removeprefix("# ")
    say(f"**{title}**\n{answer_of(folder)[0]}")
    guess = typed("Your guess, then Enter:", 60)
    store(folder / "build/guess", lambda path: path.write_text(guess, encoding="utf-8"))


def say_next(folder):
    print()
    guess = folder / "build/guess"
    if guess.exists() and (text := read(guess)):
        print(f"Your guess: {text}\n")
    say(f"**The answer:** {answer_of(folder)[1].strip()}\n\n{section(folder, 'Next')}")
    n = folder.name[1]
    print(f"Why: {folder}/README.md. More of it: make more-{n}. Your turn: make exercise-{n}")


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
        store(path, lambda unfinished, text=text: unfinished.write_text(text, encoding="utf-8"))
        print(f"{path} is written")


def main():
    _, what, *paths = sys.argv
    {"question": question, "next": say_next, "publish": publish}[what](*map(Path, paths))


if __name__ == "__main__":
    run(main)
