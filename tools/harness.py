"""Run an exercise's harness: what calls the reader's work and looks at what it does.

A harness prints a line for each claim: a number, which is its last argument and new in each run,
and what is wrong, if anything is. A work that ends the process does not know the number.
"""

import re
import secrets
import signal

import compiling

LIMIT = 60  # seconds, for what takes about one if it is right


def start(command, **variables):
    """Run a harness; return what it found, a text for each claim, and (exit code, errors)."""
    number = str(secrets.randbits(31))
    code, output, errors = compiling.run([*command, number], LIMIT, "your code", **variables)
    return re.findall(rf"{number} ?(.*)\n", output), code, errors


def ask(work, command, claims, hints, **variables):
    """Yield (claim, problem) pairs up to where the harness ended; hints: by a word of its end."""
    found, code, errors = start(command, **variables)
    yield from zip(claims, found, strict=False)
    if len(found) < len(claims) and not any(found):
        said = ending(work, code, errors)
        hint = next((f"; {hint}" for word, hint in hints.items() if word in said), "")
        yield claims[len(found)], said + hint


def ending(work, code, errors):
    """Say in one line how a harness ended before its time."""
    lines = re.findall(rf'{re.escape(work.name)}(?::|", line )(\d+)', errors)
    if seen := re.search(r"Sanitizer: (data race|[\w-]+)", errors):
        return (f"line {lines[0]}: " if lines else "") + seen[1]
    if code is None:
        return errors
    if code < 0:
        fatal = re.search("Fatal Python error: .*", errors)
        return f"it crashed: {fatal[0] if fatal else signal.Signals(-code).name}"
    if code and errors.strip():
        return (f"line {lines[-1]}: " if lines else "") + errors.strip().splitlines()[-1]
    return f"the process was ended before the check was: exit({code})"


def tell_speed(commands):
    """Print and return the seconds on 1 and 2 threads that harnesses ({name: command}) measure."""
    best = {}
    for name in [*commands] * 3:
        for found in start(commands[name])[0]:
            seconds = [float(word) for word in found.split()]
            best[name] = list(map(min, seconds, best.get(name, seconds)))
    for name, (one, two) in best.items():
        print(f"  {name:<13}1 thread: {one:.5f} s, 2 threads: {two:.5f} s")
    return best
