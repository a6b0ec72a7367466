"""What a chapter's page says, on the terminal.

python page.py question 01-gil-demo   its question; on a terminal, time for a guess
python page.py next 01-gil-demo       what comes after it

A remark stands once, in the README under its table, as a quotation; whatever shows the table shows
it too.
"""

import argparse
import os
import re
import select
import signal
import sys
import textwrap
from pathlib import Path

from rich.console import Console

PATIENCE = 30  # seconds for a guess
WIDTH = 100  # of a page; a pipe has none to respect


def console_for(**options):
    console = Console(**options)
    if not console.is_terminal:
        console.width = WIDTH
    return console


def section(text, heading):
    """Return what stands between a heading of the second level and the next one."""
    found = re.search(rf"^## {heading}\n+(.*?)\n*(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def remark(path):
    """Return the quotation under the table of a stored measurement, "" if there is none.

    A page that has the remark but not the table marks it by <!-- more: build/NAME.json -->.
    """
    readme = path.parent.parent / "README.md"
    if not readme.is_file():
        return ""
    text = readme.read_text(encoding="utf-8")
    _, _, behind = text.partition(f": {path.parent.name}/{path.name} -->\n")
    if not behind.startswith("> "):  # the page shows the table
        _, _, behind = behind.partition("<!-- end -->\n")
    found = re.match(r"\n*((?:> [^\n]*\n)+)", behind)
    return re.sub("^> ", "", found[1], flags=re.MULTILINE) if found else ""


def say(console, text, style=None):
    """Print paragraphs and items of lists, wrapped to the terminal."""
    for paragraph in re.split(r"\n\n+|\n(?=- )", text.strip()):
        plain = re.sub(r"\*\*(.+?)\*\*", r"\1", " ".join(paragraph.split()))
        words = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", plain)  # of a link its name
        wrapped = textwrap.fill(words, console.width, break_on_hyphens=False)
        console.out(wrapped, style=style, highlight=False)


def show_remark(console, path):
    console.out()
    if text := remark(path):
        say(console, text)
        console.out()


def is_at_a_terminal():
    """May we wait for a key? Not in a pipe, not under CI, not in the background."""
    try:
        both = os.isatty(0) and os.isatty(1)
        return both and not os.environ.get("CI") and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:  # some other terminal
        return False


def wait_for_a_guess():
    print(f"\nGuess, then press Enter (in {PATIENCE} s it goes on by itself) ", end="", flush=True)
    if select.select([sys.stdin], [], [], PATIENCE)[0]:
        sys.stdin.readline()
    else:
        print()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("question", "next"))
    parser.add_argument("chapter", type=Path)
    parser.add_argument("--wait", action="store_true", help="for Enter, after the question")
    args = parser.parse_args()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    console = console_for()
    text = (args.chapter / "README.md").read_text(encoding="utf-8")
    if args.part == "next":
        say(console, section(text, "Next"))
        more = f"make more-{args.chapter.name[1]}"
        say(console, f"Why: {args.chapter}/README.md; the other programs: {more}")
        return
    console.rule(text.partition("\n")[0].removeprefix("# "), align="left")
    say(console, section(text, "Question"))
    if args.wait and is_at_a_terminal():
        wait_for_a_guess()


if __name__ == "__main__":
    main()
