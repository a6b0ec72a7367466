"""Training with any rung: epoch by epoch, until the answer is near enough."""

import numpy as np
from bench import row, stopwatch
from data.flights import FEATURES, TOLERANCE, auc, gap, in_memory
from sgd import BATCH, STEP

WEIGHTS, SUM, SUMMED = slice(FEATURES), slice(FEATURES, 2 * FEATURES), 2 * FEATURES


def new_workers(threads):
    """Return float32 (threads, 1024), zeros, a page for each thread: struct worker of rung.h.

    WEIGHTS of a row are the weights; SUM is their sum over the second half of an epoch's blocks,
    once in 32 rows, and SUMMED says how many were added up. Of all threads: in the first row.
    """
    return in_memory(np.zeros((threads, 1024), dtype=np.float32))


def shrunk(data, step):
    """Return by what the weights shrink once a batch."""
    return np.float32(1 - BATCH * step * data.lambda_)


def average(workers):
    """Average the weights in place; add up the sums in the first row. Always in the same order."""
    workers[:, WEIGHTS] = workers[:, WEIGHTS].mean(axis=0, dtype=np.float64)
    workers[0, FEATURES:] = workers[:, FEATURES:].sum(axis=0, dtype=np.float64)


def power_of_two(n):
    """Return the largest power of two that is not larger than n; 0 of 0."""
    return 2 ** (n.bit_length() - 1) if n else 0


def step_size(epoch, workers):
    """Return that of an epoch.

    It is halved whenever each worker has seen twice as many rows as there are, 4 times, 8 times (as
    in epoch-GD; Hazan and Kale 2014).
    """
    return STEP / max(power_of_two(epoch // workers), 1)


def answer_of(workers, answer, epoch):
    """Return the new answer, float64 (32,): an average of the weights.

    It is the average over the second half of the epoch, and of those before it back to a power of
    two: of the first epoch, the second, the third and fourth, the fifth to eighth ... So the
    beginning, which was far from the optimum, is forgotten.
    """
    before = epoch - power_of_two(epoch)
    average = workers[0, SUM] / np.float64(workers[0, SUMMED])
    return (answer * before + average) / (before + 1)


def is_near(data, answer):
    return abs(gap(data, answer)) <= TOLERANCE


def train(epoch, blocks, threads, visits, seed=1, data=None):
    """Train on so many visits of blocks; return answer, epochs and time.

    epoch(order, step, workers): train on blocks in this order, int64 (n,), see new_workers(). The
    order of all `blocks` is drawn anew each epoch. With data, training ends when the answer is
    within 0.1% of its optimum; to find that out is not counted.
    """
    workers, random = new_workers(threads), np.random.default_rng(seed)
    answer, done, wall, cpu = np.zeros(FEATURES), 0, 0, 0
    while visits > 0 and not (data and done and is_near(data, answer)):
        with stopwatch() as took:
            order = random.permutation(blocks)[:visits]
            epoch(order, step_size(done, threads), workers)
            answer = answer_of(workers, answer, done)
        wall, cpu, done, visits = wall + took.wall, cpu + took.cpu, done + 1, visits - len(order)
    took.wall, took.cpu = wall, cpu
    return answer, done, took


def show(version, threads, data, answer, epochs, took, *cells, right=True):
    """Print a row with epochs, gap, AUC and more cells; right: what else is asked of the answer."""
    above, right = gap(data, answer), right and is_near(data, answer)
    cells = epochs, f"{above:8.4%}", f"{auc(data, answer):.4f}", *cells
    row(version, threads, f"{(1 + above) * data.optimum:.6f}", right, took, *cells)
