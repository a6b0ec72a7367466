"""What the checks of all exercises share: find the reader's work, say what is right and what not.

A check lies in a chapter's exercise/ beside starter and solution, and is run by `make exercise-N`:

    check.py          checks mine.*, the reader's copy of each starter (made at the first run)
    check.py FILE     checks FILE
"""

import re
import sys
from pathlib import Path
from textwrap import fill


def check(folder, suffixes, claims):
    """Check the reader's work and end the process: 0 all right, 1 not yet, 2 no such file.

    folder: the exercise's folder, named after a chapter such as "02-threads-in-c/exercise".
    suffixes: ".c" or ".py", or several, if the work is done in several languages.
    claims: called with the path of the work, yields (claim, problem) pairs; problem is "" where
    the claim holds, or else one line that says what was seen and gives a hint. It may end early,
    where nothing more can be said.
    """
    chapter = folder.parent.name
    again = f"type make exercise-{chapter[1]}"
    if len(sys.argv) > 1:
        again = "check it again"
        # As make names it, in the chapter; or as this check shows it, at the top.
        places = [Path(sys.argv[1]), folder.parent.parent / sys.argv[1]]
        works = {sys.argv[1]: next(filter(Path.exists, places), places[0]).resolve()}
    else:
        several = [suffixes] if isinstance(suffixes, str) else suffixes
        works = {f"{chapter}/exercise/mine{suffix}": folder / f"mine{suffix}" for suffix in several}
        copy_starters(works, again)

    failed = 0
    for number, (shown, work) in enumerate(works.items()):
        if not work.is_file():
            print(f"check: '{shown}': no such file", file=sys.stderr)
            sys.exit(2)
        print("\n" if number else "", end="")
        if problems := count_problems(shown, work, claims):
            print(f"\nNot finished yet. Edit {shown},\nthen {again}.")
        else:
            print(f"\nAll right. Compare it with {chapter}/exercise/solution{work.suffix}.")
        failed += problems
    sys.exit(failed > 0)


def copy_starters(works, again):
    """Copy each starter that has no copy yet. works: the path of each file, by the name to show."""
    new = {shown: work for shown, work in works.items() if not work.exists()}
    for shown, work in new.items():
        starter = work.with_stem("starter").read_text()
        work.write_text(re.sub("starter(?! is)", "mine", starter))  # in its commands
        print(f"{shown} is your copy of the starter.")
    if new:
        print("It is meant to fail until you finish it: edit it,")
        print(f"then {again}. See its README.md.\n")


def count_problems(shown, work, claims):
    """Say of each claim whether it holds; return how many do not."""
    print(f"checking {shown}", flush=True)
    failed = 0
    for claim, problem in claims(work):
        print(f"  {'not yet' if problem else 'right  '}  {claim}", flush=True)
        if problem:
            width = 80 if sys.stdout.isatty() else 1000
            indent = " " * 11
            print(fill(problem, width, initial_indent=indent, subsequent_indent=indent), flush=True)
        failed += bool(problem)
    return failed
