"""The learner's loop at an exercise. In the chapter's folder:

    make hint        one more hint each time
    make solution    how the work differs from the solution
    make reset       the starter again; the work is kept beside it
    make watch       check at each save, until all is right

`make progress` at the top tells how far the chapters and exercises are. A work is exercise/mine.*,
at first a copy of the starter of the same suffix.
"""

import difflib
import hashlib
import re
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

from bench import run
from page import keep, read, say
from results import aligned
from rich.console import Console


def works(chapter):
    """Return the paths of a chapter's works, one for each starter."""
    return [file.with_stem("mine") for file in sorted(chapter.glob("exercise/starter.*"))]


def kept(path):
    return read(path) if path.exists() else ""


def begin(work):
    """Copy the starter, if there is no work yet; return the work."""
    if not work.exists():
        starter = read(work.with_stem("starter"))
        keep(work, re.sub("starter(?! is)", "mine", starter))  # in its commands
        print(f"{work.parent.parent.name}/exercise/{work.name} is your copy of the starter.")
        print("It is meant to fail until you finish it. See the README.md beside it.\n")
    return work


def fingerprint(chapter):
    """Return what tells the works from any others; "" while one is missing, as in some saves."""
    if not all(work.exists() for work in works(chapter)):
        return ""
    return hashlib.sha256(b"\0".join(work.read_bytes() for work in works(chapter))).hexdigest()


def difference(work, most=None):
    """Print how a work, or else the starter, differs from the solution; `most` lines of it."""
    mine = work if work.exists() else work.with_stem("starter")
    files = mine, work.with_stem("solution")
    texts = [file.read_text(encoding="utf-8", errors="replace").split("\n") for file in files]
    lines = [*difflib.unified_diff(*texts, *(f.name for f in files), lineterm="", n=1)]
    screen = Console(soft_wrap=True, markup=False, highlight=False)
    for line in lines[:most]:
        screen.print(line, style={"-": "red", "+": "green"}.get(line[:1]))
    if most and len(lines) > most:
        print(f"... make solution-{work.parent.parent.name[1]} shows all {len(lines)} lines")


def agreed(question):
    """Ask on a terminal; elsewhere only an n is a no."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return sys.stdin.isatty() or not sys.stdin.readline().startswith("n")
    print(f"{question} [y/N] ", end="", flush=True)
    return sys.stdin.readline().lower().startswith("y")


def hint(chapter):
    """Show one more hint of the exercise's page."""
    text, shown = kept(chapter / "exercise/README.md"), chapter / "build/hints"
    hints = re.findall(r"<summary>(Hint.*?)</summary>(.*?)</details>", text, re.DOTALL)
    number, n = min(int(kept(shown) or 0), len(hints)), chapter.name[1]
    for title, body in hints[number : number + 1]:
        say(f"**{re.sub('</?code>', '`', title)}**\n{body}")
        keep(shown, str(number := number + 1))
    left = len(hints) - number
    print(f"\n{left} more: make hint-{n}" if left else f"\nNo more hints: make solution-{n}")


def solution(chapter):
    """Show how the works differ from the solution, after asking."""
    if agreed("Show how your work differs from the solution?"):
        for work in works(chapter):
            difference(work)


def reset(chapter):
    """Give the starters back, and keep the works aside."""
    if not agreed("Begin anew? Your work is kept."):
        return
    for work in works(chapter):
        if work.exists():
            aside = (work.with_stem(f"mine-{n}") for n in count(1))
            work.rename(free := next(path for path in aside if not path.exists()))
            print(f"your work is kept: {free.name}")
        begin(work)
    for name in "hints", "passed":
        (chapter / "build" / name).unlink(missing_ok=True)


def watch(chapter):
    """Check the works, and again at each save, until all is right."""
    for work in works(chapter):
        begin(work)
    # With names, the check makes no copies of the starters, which could meet a save.
    command, seen = [sys.executable, "exercise/check.py", *works(chapter)], ""
    while True:
        time.sleep(0.3)
        if (now := fingerprint(chapter)) not in ("", seen):
            seen, code = now, subprocess.run(command, check=False).returncode
            if code != 1 and fingerprint(chapter) == now:
                sys.exit(code)
            print("waiting for the next save; Ctrl-C ends it\n")


def progress(*chapters):
    """Print what was seen and what has passed, and what is next."""
    rows, following = [], []
    for chapter in chapters:
        n, passed = chapter.name[1], kept(chapter / "build/passed")
        begun, done = fingerprint(chapter), passed and passed == fingerprint(chapter)
        seen = (chapter / "build/guess").exists()  # make chapter-N asks for it
        exercise = "right" if done else "begun" if begun else "-"
        about = {"folder": chapter.name, "chapter": "seen" if seen else "-"}
        rows.append(about | {"exercise": exercise, "hints": kept(chapter / "build/hints")})
        following += [f"make chapter-{n}"] * (not seen) + [f"make exercise-{n}"] * (not done)
    print("\n".join(aligned(rows, list(rows[0]))))
    right = sum(row["exercise"] == "right" for row in rows)
    print(f"\n{right} of {len(rows)} exercises are right. Next: {[*following, 'make report'][0]}")


COMMANDS = {f.__name__: f for f in (hint, solution, reset, watch, progress)}


def main():
    _, what, *chapters = sys.argv
    COMMANDS[what](*(Path(chapter).resolve() for chapter in chapters))


if __name__ == "__main__":
    run(main)
