"""A prange straight over the rows: all threads write to the same weights.

python mistakes/prange_over_rows.py
"""

import training
from mistakes import OPENMP, load, say, show


def main():
    say("expected", "steps that overwrite each other, and no gain from the second thread")

    module = load("shared_weights", *training.FAST, *OPENMP)
    lost = training.lost_update(module.racing)
    say("seen", f"two steps at the same moment: {lost} of them is lost")
    training.passes(module.racing)
    say(
        "cause",
        "both threads read the weights, both add their own step, and the one that writes last "
        "wins. It is a data race: in C its behaviour is undefined. The objective hides it, since "
        "a lost step or two is noise like any other; and each write takes the cache line away "
        "from the other core, so that two threads gain nothing.",
    )
    say("fix", "weights of its own for each thread, averaged at the end (local SGD)")
    same = training.local_sgd()
    return lost == 1 and same


if __name__ == "__main__":
    show(__doc__, main)
