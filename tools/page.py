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

# What publish.py writes, and the quotation below it.
MARKED = re.compile(
    r"(?P<begin><!-- (?P<kind>table|ladder|summary|machine)(?:: (?P<name>\S+))? -->\n).*?"
    r"(?P<end><!-- end -->\n+(?P<remark>(?:>[^\n]*\n)*))",
    re.DOTALL,
)


def say(text):
    """Print Markdown, as wide as the tables on each terminal."""
    Console(width=80, height=25).print(Markdown(text))


def remark(table):
    """Return the quotation under a table in its folder's page, "" if there is none."""
    text = (table.parent / "README.md").read_text(encoding="utf-8")
    found = [m["remark"] for m in MARKED.finditer(text) if m["name"] == table.name]
    return re.sub("^> ?", "", "".join(found), flags=re.MULTILINE)


def wait_for_a_guess():
    """Wait for Enter, but only where somebody can press it: at a terminal, in the foreground."""
    if os.isatty(0) and os.isatty(1) and os.tcgetpgrp(0) == os.getpgrp() and not os.getenv("CI"):
        print("\nGuess, then press Enter ", end="", flush=True)
        sys.stdin.readline()


def main():
    part, folder = sys.argv[1], Path(sys.argv[2])
    title, *sections = (folder / "README.md").read_text(encoding="utf-8").split("\n## ")
    about = dict(section.split("\n", 1) for section in sections)
    if part == "question":
        say(f"**{title.splitlines()[0].removeprefix('# ')}**\n{about['Question']}")
        wait_for_a_guess()
    else:
        say(about["Next"])
        print(f"Why: {folder}/README.md; the other programs: make more-{folder.name[1]}")


if __name__ == "__main__":
    bench.run(main)
