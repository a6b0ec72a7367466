"""The length is passed beside the arrays, and is not theirs.

    python mistakes/length_beside.py

Nothing of other people's is overwritten: x and out are the first four of five numbers each.
"""

from array import array

from mistakes import OPENMP, load, say, show

BESIDE = 7.0  # the fifth number of out's memory, which is not a part of out


def double(function, *n, x=4, out=4):
    """Call function with an x of ones and an out of zeros; return what is in out's memory."""
    ones, memory = array("d", [1] * 5), array("d", [0] * 4 + [BESIDE])
    try:
        function(memoryview(ones)[:x], memoryview(memory)[:out], *n)
    except (OverflowError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return list(memory)


def main():
    say("expected", "too few: zeros are left; too many: the number beside is overwritten")

    module = load("length_beside", "-O0", *OPENMP)
    few, many, billions = (double(module.broken, n) for n in (2, 5, 3_000_000_000))
    say(
        "seen",
        f"n = 2: out is {few[:4]}, and no error",
        f"n = 5: the {BESIDE} beside out became {many[4]}, and no error",
        f"n = 3,000,000,000: {billions}",
    )
    say(
        "cause",
        "an int n that a caller passes may say anything, and with boundscheck off nobody "
        "compares it with the arrays. It also ends at 2,147,483,647.",
    )
    say("fix", "Py_ssize_t n = x.shape[0], and a ValueError where out has another length")

    right, refused = double(module.fixed), double(module.fixed, out=3)
    say("fixed", f"out is {right[:4]}", str(refused))
    partial = few == [2, 2, 0, 0, BESIDE] and many == [2, 2, 2, 2, 2]
    overflow = str(billions).startswith("OverflowError: ")
    safe = right == [2, 2, 2, 2, BESIDE] and str(refused).startswith("ValueError: ")
    return partial and overflow and safe


if __name__ == "__main__":
    show(__doc__, main)
