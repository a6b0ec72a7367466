"""What the checks of exercises share: the reader's work, what is right about it and what is not.

A check runs a harness, which calls the work and prints a line for each claim: a number, which is
its last argument and new in each run, and what is wrong, if anything is. A work that ends the
process does not know the number.
"""

import re
import secrets
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import compiling
from page import keep
from practice import begin, difference, fingerprint

LIMIT = 60  # seconds, for what takes about one if it is right


def check(folder, suffixes, claims):
    """Check the reader's work and end the process: 0 all right, 1 not yet, 2 it cannot be done.

    suffixes: of the works, one for each language. claims: called with the path of a work and a
    folder for what is made of it, yields (claim, problem) pairs; problem is "", or else one line
    that says what was seen and gives a hint. It may end early.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)
    try:
        own = [folder / f"mine{suffix}" for suffix in suffixes]
        works = [Path(word).resolve(strict=True) for word in sys.argv[1:]] or list(map(begin, own))
        checked = fingerprint(folder.parent)  # and not what is saved meanwhile
        right = all([is_right(folder, work, claims) for work in works])
        if right and works == own:
            keep(folder.parent / "build/passed", checked)
            say_what_is_next(folder.parent, works)
        sys.exit(not right)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except OSError as error:
        print(f"check: {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(2)


def is_right(folder, work, claims):
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
        print("\nAll right.")
    else:
        n = chapter.name[1]
        print(f"\nNot finished yet. Edit {shown}, then type\nmake exercise-{n} again, or ", end="")
        print(f"once make watch-{n}. Help: make hint-{n}. Anew: make reset-{n}.\n")
    return right


def say_what_is_next(chapter, works):
    """Show how the works that passed differ from the solution, and what comes after them."""
    print("\nThis is how the solution differs:")
    for work in works:
        difference(work, most=40)
    n = int(chapter.name[1])
    following = f"chapter-{n + 1}" if n < 5 else "report"
    print(f"\nNext: make {following}. How far you are: make progress")


def start(command, **variables):
    """Run a harness; return what it found, a text for each claim, and (exit code, errors)."""
    number = str(secrets.randbits(31))
    code, output, errors = compiling.run([*command, number], LIMIT, "your code", **variables)
    return re.findall(rf"{number} ?(.*)\n", output), code, errors


def ask(work, command, claims, hints, **variables):
    """Return (claim, problem) pairs up to where the harness ended; hints: by a word of its end."""
    found, code, errors = start(command, **variables)
    if not any(found) and (code != 0 or len(found) < len(claims)):
        said = ending(work, code, errors)
        hint = next((f"; {hint}" for word, hint in hints.items() if word in said), "")
        found = [*found[: len(claims) - 1], said + hint]  # it may have crashed after the last claim
    return list(zip(claims, found, strict=False))


def ending(work, code, errors):
    """Say in one line how a harness ended before its time."""
    lines = re.findall(rf'{re.escape(work.name)}(?::|", line )(\d+)', errors)
    if seen := re.search(r"Sanitizer: ((data|thread) \w+|[\w-]+)", errors):
        return (f"line {lines[0]}: " if lines else "") + seen[1]
    if code is None:
        return errors
    if code < 0:
        fatal = re.search("Fatal Python error: .*", errors)
        return f"it crashed: {fatal[0] if fatal else signal.Signals(-code).name}"
    if code and errors.strip():
        return (f"line {lines[-1]}: " if lines else "") + errors.strip().splitlines()[-1]
    return f"the process was ended before the check was: exit({code})"
