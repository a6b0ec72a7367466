"""What a chapter's page says, on the terminal.

python page.py question 01-gil-demo   its question; on a terminal, time for a guess
python page.py next 01-gil-demo       what comes after it
"""

import os
import re
import sys
from pathlib import Path

import bench
from rich.console import Console
from rich.markdown import Markdown

WIDTH = 80


def console_for(file=None):
    """Return a console of one width: a table looks the same on each terminal and in a page."""
    return Console(file=file, width=WIDTH, height=25, color_system=None if file else "auto")


def section(text, heading):
    """Return what stands between a heading of the second level and the next one."""
    found = re.search(rf"^## {heading}\n+(.*?)\n*(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def remark(folder, name):
    """Return the quotation under a table in the folder's page, "" if there is none."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    found = re.search(
        rf"<!-- table: {re.escape(name)} -->\n.*?<!-- end -->\n+((?:> [^\n]*\n)+)", text, re.DOTALL
    )
    return re.sub("^> ", "", found[1], flags=re.MULTILINE) if found else ""


def wait_for_a_guess():
    """Wait for Enter, but only where somebody can press it: at a terminal, in the foreground."""
    if os.isatty(0) and os.isatty(1) and os.tcgetpgrp(0) == os.getpgrp() and not os.getenv("CI"):
        print("\nGuess, then press Enter ", end="", flush=True)
        sys.stdin.readline()


def main():
    part, folder = sys.argv[1], Path(sys.argv[2])
    console = console_for()
    text = (folder / "README.md").read_text(encoding="utf-8")
    if part == "question":
        console.rule(text.partition("\n")[0].removeprefix("# "), align="left")
        console.print(Markdown(section(text, "Question")))
        wait_for_a_guess()
    else:
        console.print(Markdown(section(text, "Next")))
        print(f"Why: {folder}/README.md; the other programs: make more-{folder.name[1]}")


if __name__ == "__main__":
    bench.run(main)
