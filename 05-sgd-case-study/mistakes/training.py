"""What the three mistakes share: the flights, a pass over them on 1 and 2 threads, and the fix."""

import sys
import time

from bench import fail
from mistakes import HERE, say

sys.path[:0] = [str(HERE.parent), str(HERE.parent / "build")]
try:
    import numpy as np
    import sgd_cython
    from flights_file import load, objective
except ImportError as error:
    fail(2, f"{error}; in {HERE.parent.name}, type: make build && . ../.venv/bin/activate")

STEP = 0.01
FAST = "-O3", "-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math"


def flights():
    """Return the data set, and its training rows and labels as arrays in memory."""
    try:
        data = load(HERE.parent / "build/flights.bin")
    except ValueError as error:
        fail(2, error)
    return data, data.rows[: data.train].copy(), data.labels[: data.train].copy()


def seconds(work):
    """Return the seconds that work() takes, the fastest of five."""
    took = []
    for _ in range(5):
        begin = time.perf_counter()
        work()
        took.append(time.perf_counter() - begin)
    return min(took)


def passes(train):
    """Say how long a pass over the flights takes on 1 and 2 threads, and how good the weights are.

    train: called with rows, labels, step size, weights and threads.
    """
    data, rows, labels = flights()
    for threads in 1, 2, 2:
        weights = np.zeros(rows.shape[1], dtype=np.float32)
        train(rows, labels, STEP, weights, threads)
        gap = objective(data, weights) / data.optimum - 1
        took = seconds(lambda t=threads, w=weights: train(rows, labels, STEP, w, t)) / len(rows)
        words = f"{threads} thread{'s' * (threads > 1)}: {took * 1e9:5.0f} ns a row"
        say("", f"{words}, {gap:.5%} above the optimum")


def lost_update(train):
    """Let two threads take one step each, at the same moment; return how many steps are lost."""
    rows, labels = np.ones((2, 32), dtype=np.float32), np.ones(2, dtype=np.float32)
    weights = np.zeros(32, dtype=np.float32)
    train(rows, labels, STEP, weights, 2, True)
    return 2 - round(float(weights[0]) / (STEP / 2))  # a step from 0 is half the step size


def local_sgd():
    """Let two threads train weights of their own, twice; return whether all bits are the same."""
    data, rows, labels = flights()
    order, answers = np.arange(len(rows) // 512, dtype=np.uint32), []

    def train():
        weights, totals = np.zeros((2, 2, rows.shape[1]), dtype=np.float32)
        sgd_cython.train_parallel(rows, labels, order, STEP, 1.0, weights, totals)
        answers.append(weights.mean(axis=0))

    took = seconds(train) / len(rows) * 1e9
    same = all(answer.tobytes() == answers[0].tobytes() for answer in answers)
    gap = objective(data, answers[0]) / data.optimum - 1
    bits = "the same bits" if same else "other bits"
    words = f"2 threads: {took:5.0f} ns a row, {gap:.5%} above the optimum, {bits} in 5 runs"
    say("fixed", words)
    return same
