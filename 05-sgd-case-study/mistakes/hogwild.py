"""Hogwild! on dense rows: relaxed atomics make the race defined, and no faster.

    python mistakes/hogwild.py

Niu, Recht, Re and Wright (2011) share the weights without a lock, and assume that adding to one of
them is atomic; programs often have atomic reads and writes in its place. It pays where rows are
sparse, so that two threads hardly ever write to the same weight. Here each step writes to all 32.
"""

import training
from mistakes import OPENMP, load, say, show


def main():
    say("expected", "a step that is lost all the same, and no gain from the second thread")

    module = load("shared_weights", *training.FAST, *OPENMP)
    lost = training.lost_update(module.relaxed)
    say("seen", f"two steps at the same moment: {lost} of them is lost")
    training.passes(module.relaxed)
    say(
        "cause",
        "a relaxed atomic keeps each read and each write whole, but a step is a read and a write. "
        "(An atomic addition would lose nothing, and take longer still.) The compiler may not put "
        "atomics into vectors; and two cores that write to one cache line hand it to and fro.",
    )
    say("fix", "Hogwild! for sparse rows; for dense ones weights of its own for each thread")
    same = training.local_sgd()
    return lost == 1 and same


if __name__ == "__main__":
    show(__doc__, main)
