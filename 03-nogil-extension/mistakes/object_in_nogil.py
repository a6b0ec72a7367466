"""A Python object is touched in a nogil block.

    python mistakes/object_in_nogil.py

The friendliest of all these mistakes: Cython sees it and refuses to compile.
"""

from array import array

from mistakes import load, say, show, translate


def main():
    say("expected", "values is a list, and Cython refuses to compile `value = values[i]`")

    compiled, errors = translate("object_in_nogil")
    say("seen", *(errors or ["Cython has no objection"]))
    say(
        "cause",
        "values[i] is a Python float: to read it is to count a reference, and another "
        "thread may change the list at the same moment. Both need the GIL.",
    )
    say(
        "fix",
        "def total(const double[::1] values not None):",
        "a memoryview instead of a list: C doubles in memory, no Python objects",
    )

    fixed = load("object_in_nogil_fixed", "-O0")  # compiles soon: nothing is timed here
    answer = fixed.total(array("d", range(1000)))
    say("fixed", f"object_in_nogil_fixed.pyx compiles; sum of 0 to 999: {answer:,.0f}")
    refused = any("not allowed without" in error for error in errors)
    return not compiled and refused and answer == sum(range(1000))


if __name__ == "__main__":
    show(__doc__, main)
