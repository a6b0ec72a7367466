"""A number is carried from one iteration to the next, in a prange.

    python mistakes/carried_over.py

How a number is used in the loop decides what it becomes, and nobody asks.
"""

from mistakes import OPENMP, load, say, show, translate

NUMBERS = [3.0, 9.0, 2.0, 5.0]  # thread 0 has the first two, thread 1 the others
REFUSAL = "Cannot read reduction variable in loop body"


def main():
    say(
        "expected", f"a largest of {NUMBERS} that is not 9.0; a sum that cannot be read in the loop"
    )

    module = load("carried_over", "-O0", *OPENMP)
    compiled, errors = translate("carried_over_refused")
    largest, last = module.broken(NUMBERS), module.last(NUMBERS)
    say(
        "seen",
        f"largest = x[i], where x[i] is larger: {largest}",
        f"number = x[i], after the loop: {last}",
        *(errors or ["total += i; if total < 100: Cython has no objection"]),
    )
    say(
        "cause",
        "assigned with =, a number is private to each thread, and after the loop it is what "
        "the last iteration's thread has: lastprivate. Assigned with +=, it is a reduction: "
        "each thread has a part of the sum, which is whole only after the loop.",
    )
    say(
        "fix",
        "an array with an element for each thread, largest[threadid()]; what no reduction "
        "can do, and needs the iterations before, is no work for prange",
    )

    right = module.fixed(NUMBERS)
    say("fixed", f"largest: {right}")
    refused = not compiled and any(error.endswith(REFUSAL) for error in errors)
    return largest != 9 and last == NUMBERS[-1] and refused and right == 9


if __name__ == "__main__":
    show(__doc__, main)
