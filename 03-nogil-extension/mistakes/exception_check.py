"""A void C function without `noexcept`: its caller takes the GIL after every call.

    python mistakes/exception_check.py

The times differ from machine to machine. What decides is the C that Cython makes of the call.
"""

import time

from mistakes import BUILD, load, say, show, translate

CHECK = "__Pyx_ErrOccurredWithGIL()"  # Cython's name for: take the GIL, look, give it back
CALLS = 300_000


def nanoseconds(function):
    """Return the shortest of five times of a call, and whether all answers were right."""
    times, right = [], True
    for _ in range(5):
        start = time.perf_counter()
        right &= function(CALLS) == CALLS
        times.append(time.perf_counter() - start)
    return min(times) / CALLS * 1e9, right


def call_in_c(name):
    """Return the line of C that calls the function, and where it stands."""
    path = BUILD / "exception_check.c"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if f"_{name}(1.0)" in line:
            return line.strip().partition(" __PYX_ERR")[0], f"{path.name}, line {number}"
    return "nothing", path.name


def main():
    say("expected", f"a check follows the call in the C: {CHECK}")

    module = load("exception_check")
    before, right = nanoseconds(module.call_checked)
    after, right_too = nanoseconds(module.call_unchecked)
    checked, place = call_in_c("checked")
    unchecked, fixed_place = call_in_c("unchecked")

    hint = "".join(translate("exception_check")[1][:1]).rpartition(": ")[2] or "no hint"
    say("seen", checked, f"({place}); {before:.1f} ns a call", f"Cython: {hint}")
    say(
        "cause",
        "cdef void checked(double x) nogil:",
        "might raise, as far as Cython 3 can tell, and void has no value to say so with.",
        "So the caller looks for an exception, and that needs the GIL, every time. (A function "
        "that returns a number says so with -1: its caller looks only when it sees one.)",
    )
    say("fix", "cdef void unchecked(double x) noexcept nogil:")
    say("fixed", unchecked, f"({fixed_place}); {after:.1f} ns a call")
    return CHECK in checked and CHECK not in unchecked and right and right_too


if __name__ == "__main__":
    show(__doc__, main)
