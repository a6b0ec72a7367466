"""The rungs of the ladder in Python: one training step, written four ways. sgd.py climbs them.

A rung is made from the data and the number of rows to train on, and returns a function
visit(order, weights, total, step): train weights, float32 (32,), in place on the blocks of rows in
`order`, uint32 (n,), and leave in total, float32 (32,), the sum of the weights, once every BATCH
rows, over the second half of these blocks. step is the step size; once every BATCH rows the weights
shrink, which is the step that makes them small (lambda).
"""

import math
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from operator import mul

import numpy as np
import sgd_cython
from flights_file import BLOCK, FEATURES

BATCH = 32


def batches(order):
    """Yield where in the rows each batch begins, and whether it begins the second half."""
    for k, block in enumerate(order.tolist()):
        for batch in range(block * BLOCK, (block + 1) * BLOCK, BATCH):
            yield batch, k == len(order) // 2 and batch == block * BLOCK


def pure_python(data, n):
    """One row at a time on lists. It trains on all rows like the others."""
    rows, labels = data.rows[:n].tolist(), data.labels[:n].tolist()

    def visit(order, weights, total, step):
        shrink = 1 - BATCH * step * data.lambda_
        w, sums = weights.tolist(), [0.0] * FEATURES
        for low, half in batches(order):
            sums = [0.0] * FEATURES if half else sums
            high = low + BATCH
            for row, label in zip(rows[low:high], labels[low:high], strict=True):
                factor = step * label / (1 + math.exp(label * sum(map(mul, w, row))))
                w = [weight + factor * x for weight, x in zip(w, row, strict=True)]
            w = [weight * shrink for weight in w]
            sums = [a + b for a, b in zip(sums, w, strict=True)]
        weights[:], total[:] = w, sums

    return visit


def numpy_rows(data, n):
    """One row at a time: for 32 numbers, calling NumPy takes longer than what it then does."""
    rows, labels = data.rows[:n], data.labels[:n].tolist()

    def visit(order, weights, total, step):
        shrink = np.float32(1 - BATCH * step * data.lambda_)
        for low, half in batches(order):
            if half:
                total[:] = 0
            for i in range(low, low + BATCH):
                row, label = rows[i], labels[i]
                weights += (step * label / (1 + math.exp(label * row.dot(weights)))) * row
            weights *= shrink
            total += weights

    return visit


def numpy_batches(data, n):
    """A batch of 32 rows at a time: fewer, larger calls, as train_batches in kernels.c."""
    rows, labels = data.rows[:n], data.labels[:n]

    def visit(order, weights, total, step):
        shrink = np.float32(1 - BATCH * step * data.lambda_)
        for low, half in batches(order):
            if half:
                total[:] = 0
            x, y = rows[low : low + BATCH], labels[low : low + BATCH]
            weights += (step * y / (1 + np.exp(y * (x @ weights)))) @ x
            weights *= shrink
            total += weights

    return visit


def cython(data, n):
    """One row at a time, compiled. Each call releases the GIL."""
    rows, labels = data.rows[:n], data.labels[:n]

    def visit(order, weights, total, step):
        shrink = 1 - BATCH * step * data.lambda_
        sgd_cython.train_part(rows, labels, order, step, shrink, weights, total)

    return visit


def on_threads(visit, threads):
    """Return epoch(order, weights, totals, step): visit an equal part of `order` on each thread.

    weights, totals: float32 (threads, 32), a row for each.
    """
    if threads == 1:
        return lambda order, weights, totals, step: visit(order, weights[0], totals[0], step)
    pool = ThreadPoolExecutor(threads)

    def epoch(order, weights, totals, step):
        cuts = [len(order) * t // threads for t in range(threads + 1)]
        parts = [order[low:high] for low, high in pairwise(cuts)]
        # list: so that an exception is not lost
        list(pool.map(visit, parts, weights, totals, [step] * threads))

    return epoch


def cython_prange(data, n):
    """Return epoch(order, weights, totals, step): the same parts on threads of OpenMP."""
    rows, labels = data.rows[:n], data.labels[:n]

    def epoch(order, weights, totals, step):
        shrink = 1 - BATCH * step * data.lambda_
        sgd_cython.train_parallel(rows, labels, order, step, shrink, weights, totals)

    return epoch
