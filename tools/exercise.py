"""What the checks of all exercises share: find the reader's work, say what is right and what not.

A check lies in a chapter's exercise/ beside starter and solution, and is run by `make exercise-N`:

    check.py          checks mine.*, the reader's copy of the starter (made at the first run)
    check.py FILE     checks FILE
"""

import shutil
import sys
from pathlib import Path
from textwrap import fill


def check(folder, suffix, claims):
    """Check the reader's work and end the process: 0 all right, 1 not yet, 2 no such file.

    folder: the exercise's folder, named after a chapter such as "02-threads-in-c/exercise".
    suffix: ".c" or ".py".
    claims: called with the path of the work, yields (claim, problem) pairs; problem is "" where
    the claim holds, or else one line that says what was seen and gives a hint. It may end early,
    where nothing more can be said.
    """
    chapter = folder.parent.name
    work, shown = folder / f"mine{suffix}", f"{chapter}/exercise/mine{suffix}"
    again = f"type make exercise-{chapter[1]}"
    if len(sys.argv) > 1:
        work, shown = Path(sys.argv[1]).resolve(), sys.argv[1]
        again = "check it again"
    if len(sys.argv) == 1 and not work.exists():
        shutil.copyfile(folder / f"starter{suffix}", work)
        print(f"{shown} is your copy of the starter. It is meant to fail")
        print(f"until you finish it: edit it, then {again}. See its README.md.\n")
    if not work.is_file():
        print(f"check: '{shown}': no such file", file=sys.stderr)
        sys.exit(2)

    print(f"checking {shown}", flush=True)
    failed = 0
    for claim, problem in claims(work):
        print(f"  {'not yet' if problem else 'right  '}  {claim}", flush=True)
        if problem:
            width = 80 if sys.stdout.isatty() else 1000
            indent = " " * 11
            print(fill(problem, width, initial_indent=indent, subsequent_indent=indent), flush=True)
        failed += bool(problem)
    if failed:
        print(f"\nNot finished yet. Edit {shown}, then {again}.")
        sys.exit(1)
    print(f"\nAll right. Compare it with {chapter}/exercise/solution{suffix}.")
