"""The GIL is released twice: by a block, and by the prange in it.

    python mistakes/released_twice.py

Cython sees it and refuses to compile.
"""

import common
from bench import run

REFUSAL = "Trying to release the GIL while it was previously released."


def main():
    common.start(__doc__)
    common.say("expected", "with nogil:", "    for i in prange(n, nogil=True):", "does not compile")

    compiled, errors = common.translate("released_twice")
    common.say("seen", *(errors or ["Cython has no objection"]))
    common.say(
        "cause",
        "nogil=True releases the GIL around the loop. Here the block has done that already, "
        "and what a thread does not hold it cannot release.",
    )
    common.say("fix", "release in one place: prange(n) in a block, or prange(n, nogil=True)")

    fixed = common.load("released_twice_fixed", "-O0", *common.openmp())
    answer, last = fixed.total(1000)
    common.say("fixed", f"prange(n) in the block: sum {answer:,}, threads 0 to {last}")
    refused = any(error.endswith(REFUSAL) for error in errors)
    common.finish(not compiled and refused and (answer, last) == (sum(range(1000)), 1))


if __name__ == "__main__":
    run(main)
