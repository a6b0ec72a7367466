"""The GIL is released twice: by a block, and by the prange in it.

    python mistakes/released_twice.py

Cython sees it and refuses to compile.
"""

from mistakes import OPENMP, load, say, show, translate

REFUSAL = "Trying to release the GIL while it was previously released."


def main():
    say("expected", "with nogil:", "    for i in prange(n, nogil=True):", "does not compile")

    compiled, errors = translate("released_twice")
    say("seen", *(errors or ["Cython has no objection"]))
    say(
        "cause",
        "nogil=True releases the GIL around the loop. Here the block has done that already, "
        "and what a thread does not hold it cannot release.",
    )
    say("fix", "release in one place: prange(n) in a block, or prange(n, nogil=True)")

    fixed = load("released_twice_fixed", "-O0", *OPENMP)
    answer, last = fixed.total(1000)
    say("fixed", f"prange(n) in the block: sum {answer:,}, threads 0 to {last}")
    refused = any(error.endswith(REFUSAL) for error in errors)
    return not compiled and refused and (answer, last) == (sum(range(1000)), 1)


if __name__ == "__main__":
    show(__doc__, main)
