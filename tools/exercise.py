"""What all exercises' checks share: find the reader's work, say what is right and what not."""

import re
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bounded import end_on_signals
from store import store


def check(folder, suffixes, claims, speed=lambda *_: None):
    """Check the reader's work and end the process: 0 all right, 1 not yet, 2 it cannot be done.

    folder: the exercise's folder. suffixes: those of the works, one for each language. claims:
    called with the path of a work and a folder for what is made of it, yields (claim, problem)
    pairs; problem is "" where the claim holds, or else one line that says what was seen and gives
    a hint. It may end early. speed: called like claims, once all of them hold.
    """
    end_on_signals()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)
    try:
        works = [Path(word).resolve(strict=True) for word in sys.argv[1:]]
        works = works or [own_copy(folder / f"mine{suffix}") for suffix in suffixes]
        sys.exit(not all([is_right(folder, work, claims, speed) for work in works]))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except OSError as error:
        print(f"check: {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(2)


def own_copy(work):
    """Return the reader's work, which is a copy of the starter at first."""
    if not work.exists():
        starter = work.with_stem("starter").read_text(encoding="utf-8")
        mine = re.sub("starter(?! is)", "mine", starter)  # in its commands
        store(work, lambda path: path.write_text(mine, encoding="utf-8"))
        print(f"{work.parent.parent.name}/exercise/{work.name} is your copy of the starter.")
        print("It is meant to fail until you finish it. See the README.md beside it.\n")
    return work


def is_right(folder, work, claims, speed):
    """Say of each claim about a work whether it holds; tell whether all do."""
    chapter, right = folder.parent, True
    shown = f"{chapter.name}/exercise/{work.name}" if work.parent == folder else work
    print(f"checking {shown}")
    (chapter / "build").mkdir(exist_ok=True)  # TMPDIR may not allow to run what is made
    with TemporaryDirectory(dir=chapter / "build", prefix="work-") as made:
        for claim, problem in claims(work, Path(made)):
            print(f"  {'not yet' if problem else 'right  '}  {claim}")
            if problem:
                print(f"           {problem}")
                right = False
            if problem.startswith("still running"):  # each further claim would take as long
                break
        if right:
            speed(work, Path(made))
            print(f"\nAll right. Compare it with {chapter.name}/exercise/solution{work.suffix}.\n")
        else:
            print(f"\nNot finished yet. Edit {shown},\nthen type make exercise-{chapter.name[1]}.")
            print("To begin anew, delete it first.\n")
    return right
