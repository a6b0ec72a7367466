"""What the checks of all exercises share: find the reader's work, say what is right and what not.

A check lies in a chapter's exercise/ beside starter and solution, and is run by `make exercise-N`:

    check.py          checks mine.*, the reader's copy of each starter (made at the first run)
    check.py FILE     checks FILE
"""

import re
import signal
import sys
from pathlib import Path
from textwrap import fill

from compiling import HANGS
from store import store


def check(folder, suffixes, claims):
    """Check the reader's work and end the process: 0 all right, 1 not yet, 2 it cannot be done.

    folder: the exercise's folder. suffixes: those of the works, one for each language. claims:
    called with the path of a work, yields (claim, problem) pairs; problem is "" where the claim
    holds, or else one line that says what was seen and gives a hint. It may end early.
    """
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, _: sys.exit(128 + number))  # ends what runs, too
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if sys.stdout:
        sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)
    try:
        failed = [work for work in find(folder, suffixes) if not is_right(folder, work, claims)]
    except OSError as error:
        print(f"check: {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(2)
    sys.exit(bool(failed))


def find(folder, suffixes):
    """Return the works: a file that is named, or the reader's copies of the starters."""
    if len(sys.argv) > 1:
        # As make names it, in the chapter; or as this check shows it, at the top.
        places = [Path(sys.argv[1]), folder.parent.parent / sys.argv[1]]
        return [next(filter(Path.exists, places), places[0]).resolve(strict=True)]
    works = [folder / f"mine{suffix}" for suffix in suffixes]
    for work in works:
        if not work.exists():
            starter = work.with_stem("starter").read_text(encoding="utf-8")
            mine = re.sub("starter(?! is)", "mine", starter)  # in its commands
            store(work, lambda path, text=mine: path.write_text(text, encoding="utf-8"))
            print(f"{folder.parent.name}/exercise/{work.name} is your copy of the starter.")
            print("It is meant to fail until you finish it. See the README.md beside it.\n")
    return works


def is_right(folder, work, claims):
    """Say of each claim about a work whether it holds; tell whether all do."""
    chapter, failed = folder.parent.name, 0
    shown = f"{chapter}/exercise/{work.name}" if work.parent == folder else work
    print(f"checking {shown}")
    for claim, problem in claims(work):
        print(f"  {'not yet' if problem else 'right  '}  {claim}")
        if problem:
            width = 80 if sys.stdout.isatty() else 1000
            print(fill(problem, width, initial_indent=" " * 11, subsequent_indent=" " * 11))
            failed += 1
        if problem.startswith(HANGS):  # each further claim would take as long
            break
    if failed:
        again = f"type make exercise-{chapter[1]}" if work.stem == "mine" else "check it again"
        print(f"\nNot finished yet. Edit {shown},\nthen {again}.\n")
    else:
        print(f"\nAll right. Compare it with {chapter}/exercise/solution{work.suffix}.\n")
    return not failed
