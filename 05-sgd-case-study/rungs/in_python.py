"""The rungs in Python: pure Python, NumPy, and Cython called from threads.

Each makes, from the data, a function visit(order, step, worker): train on the blocks in `order`,
int64 (n,), with this step size, in place. worker: a row of training.new_workers().
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import in_cython
import numpy as np
import sgd
from data.flights import BLOCK, FEATURES
from rungs.training import SUM, SUMMED, WEIGHTS, average, shrunk
from sgd import BATCH


def pure_python(data):
    """One row at a time on lists; see sgd.py."""
    rows, labels = data.rows[: data.train].tolist(), data.labels[: data.train].tolist()

    def visit(order, step, worker):
        shrink, weights = 1 - BATCH * step * data.lambda_, worker[WEIGHTS].tolist()
        found = sgd.visit(rows, labels, order.tolist(), step, shrink, weights)
        worker[WEIGHTS], worker[SUM], worker[SUMMED] = found

    return visit


def batches(order, worker, shrink):
    """Yield the slices of all batches; after each, the weights shrink and are added to their sum.

    The sums of the first half of the blocks are forgotten.
    """
    worker[FEATURES : SUMMED + 1] = 0
    for k, block in enumerate(order.tolist()):
        if k == len(order) // 2:
            worker[FEATURES : SUMMED + 1] = 0
        for low in range(block * BLOCK, (block + 1) * BLOCK, BATCH):
            yield slice(low, low + BATCH)
            worker[WEIGHTS] *= shrink
            worker[SUM] += worker[WEIGHTS]
            worker[SUMMED] += 1


def numpy_rows(data):
    """One row at a time: for 32 numbers, calling NumPy takes longer than what it then does."""

    def visit(order, step, worker):
        weights = worker[WEIGHTS]
        for batch in batches(order, worker, shrunk(data, step)):
            for row, label in zip(data.rows[batch], data.labels[batch].tolist(), strict=True):
                weights += (step * label / (1 + np.exp(label * row.dot(weights)))) * row

    return visit


def numpy_batches(data):
    """A batch of 32 rows at a time: fewer, larger calls, as batched.c."""

    def visit(order, step, worker):
        weights = worker[WEIGHTS]
        for batch in batches(order, worker, shrunk(data, step)):
            x, y = data.rows[batch], data.labels[batch]
            weights += (step * y / (1 + np.exp(y * (x @ weights)))) @ x

    return visit


def local_sgd(visit):
    """Return epoch(order, step, workers): a thread for each worker visits a part of its own.

    Then the weights are averaged (local SGD; McDonald et al. 2010; Stich 2019).
    """

    def epoch(order, step, workers):
        threads = len(workers)
        cuts = [len(order) * t // threads for t in range(threads + 1)]
        parts = [order[low:high] for low, high in pairwise(cuts)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(visit, parts, [step] * threads, workers))  # list: no exception is lost
        average(workers)

    return epoch


def cython_prange(data):
    """Return epoch(), one row at a time, compiled: the same parts, on threads of OpenMP."""
    rows, labels = data.rows[: data.train], data.labels[: data.train]

    def epoch(order, step, workers):
        in_cython.train(rows, labels, order, step, shrunk(data, step), workers)
        average(workers)

    return epoch


def cython(data):
    """The same with one worker. Each call releases the GIL."""
    epoch = cython_prange(data)
    return lambda order, step, worker: epoch(order, step, worker[None])


VISITS = {
    "python": pure_python,
    "numpy-rows": numpy_rows,
    "numpy": numpy_batches,
    "cython": cython,
}
