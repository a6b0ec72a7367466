"""A lock around each step: nothing is lost, and nothing is won.

python mistakes/lock_each_step.py
"""

import numpy as np
import training
from mistakes import OPENMP, load, say, show


def main():
    say("expected", "right steps, one after the other, and a lock for each of them")

    module = load("shared_weights", *training.FAST, *OPENMP)
    rows, labels = np.ones((1000, 32), dtype=np.float32), np.ones(1000, dtype=np.float32)
    answers, taken = [], 0
    for threads in 1, 2:
        weights = np.zeros(32, dtype=np.float32)
        taken += module.locked(rows, labels, training.STEP, weights, threads)
        answers.append(weights.tobytes())
    say("seen", f"2,000 steps took the lock {taken:,} times; no step is lost")
    training.passes(module.locked)
    say(
        "cause",
        "a step takes tens of nanoseconds, and so does a lock that nobody else holds. One that "
        "another thread holds puts this one to sleep, which takes microseconds. And only one "
        "thread is at work at any time.",
    )
    say("fix", "meet once an epoch, not once a row: weights of its own for each thread")
    same = training.local_sgd()
    return taken == 2000 and answers[0] == answers[1] and same


if __name__ == "__main__":
    show(__doc__, main)
