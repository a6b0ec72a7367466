"""The chapters' pages on the terminal: a question, remarks under tables, and what is next.

python page.py question 01-gil-demo      its question; on a terminal, time for a guess
python page.py next 01-gil-demo          the guess, the answer, and what comes after it
"""

import os
import re
import select
import signal
import sys
import termios
import tty
from pathlib import Path

from bench import run, store
from bounded import stop
from rich.console import Console
from rich.markdown import Markdown

# The place of a table, and the quotation below it.
PLACE = re.compile(
    r"(?P<begin><!-- (?P<kind>table|ladder|summary|machine)(?:: (?P<name>\S+))? -->\n).*?"
    r"(?P<end><!-- end -->\n+(?P<remark>(?:>[^\n]*\n)*))",
    re.DOTALL,
)


def read(path):
    return path.read_text(encoding="utf-8")


def keep(path, text):
    """Write a text whole or not at all."""
    store(path, lambda unfinished: unfinished.write_text(text, encoding="utf-8"))


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
    for number in signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, stop)  # leaves the terminal as it was
    before = termios.tcgetattr(0)
    try:
        tty.setcbreak(0)  # the first key is seen at once; after it the line has all the time
        pressed, *_ = select.select([0], [], [], seconds)
        first = os.read(0, 999).decode(errors="replace") if pressed else "\n"
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    ended = first[-1:] in "\r\n\x04"  # Enter, or Ctrl-D
    print(first.strip(), end="\n" * ended, flush=True)
    line = first if ended else first + sys.stdin.readline()
    return "".join(filter(str.isprintable, line.strip().partition("\n")[0]))


def answer_of(folder):
    """Return a chapter's question, and the answer in the fold below it."""
    text, _, fold = section(folder, "Question").partition("<details>")
    return text, fold.partition("</summary>")[2].partition("</details>")[0]


def question(folder):
    """Show a chapter's question, and keep a guess."""
    title = read(folder / "README.md").splitlines()[0].removeprefix("# ")
    say(f"**{title}**\n{answer_of(folder)[0]}")
    keep(folder / "build/guess", typed("Your guess, then Enter:", 60))


def say_next(folder):
    print()
    guess = folder / "build/guess"
    if guess.exists() and (text := read(guess)):
        print(f"Your guess: {text}\n")
    say(f"**The answer:** {answer_of(folder)[1].strip()}\n\n{section(folder, 'Next')}")
    n = folder.name[1]
    print(f"Why: {folder}/README.md. More of it: make more-{n}. Your turn: make exercise-{n}")


def main():
    _, what, folder = sys.argv
    {"question": question, "next": say_next}[what](Path(folder))


if __name__ == "__main__":
    run(main)
