"""The rungs of the ladder in Python: one training step, written four ways. sgd.py climbs them.

A rung is made from the data, the number of rows to train on and the number of threads. It returns
a function epoch(order, weights, totals): train weights, float32 (threads, 32), in place on the
blocks of rows in `order` (a list), and leave in totals, float32 (threads, 32), the sum of the
weights, once every BATCH rows, over the second half of the blocks.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from operator import mul

import numpy as np
import sgd_cython
from flights_file import BLOCK, FEATURES

STEP, BATCH = 0.01, 16


def pure_python(data, n, _threads):
    """One row at a time on lists. It trains on all rows like the others."""
    rows, labels = data.rows[:n].tolist(), data.labels[:n].tolist()
    shrink = 1 - BATCH * STEP * data.lambda_

    def epoch(order, weights, totals):
        w, total = weights[0].tolist(), [0.0] * FEATURES
        for k, block in enumerate(order):
            if k == len(order) // 2:
                total = [0.0] * FEATURES
            for batch in range(block * BLOCK, (block + 1) * BLOCK, BATCH):
                for row, label in zip(
                    rows[batch : batch + BATCH], labels[batch : batch + BATCH], strict=True
                ):
                    factor = STEP * label / (1 + math.exp(label * sum(map(mul, w, row))))
                    w = [weight + factor * x for weight, x in zip(w, row, strict=True)]
                w = [weight * shrink for weight in w]
                total = [a + b for a, b in zip(total, w, strict=True)]
        weights[0], totals[0] = w, total

    return epoch


def with_numpy(data, n, _threads):
    """A batch of 16 rows at a time: fewer, larger calls, as train_batches in kernels.c."""
    rows, labels = data.rows[:n], data.labels[:n]
    shrink = np.float32(1 - BATCH * STEP * data.lambda_)

    def epoch(order, weights, totals):
        w, total = weights[0], totals[0]
        for k, block in enumerate(order):
            if k == len(order) // 2:
                total[:] = 0
            for batch in range(block * BLOCK, (block + 1) * BLOCK, BATCH):
                x, y = rows[batch : batch + BATCH], labels[batch : batch + BATCH]
                w += (STEP * y / (1 + np.exp(y * (x @ w)))) @ x
                w *= shrink
                total += w

    return epoch


def cython(data, n, threads):
    """One row at a time, compiled. On several threads each call releases the GIL."""
    rows, labels = data.rows[:n], data.labels[:n]
    shrink = 1 - BATCH * STEP * data.lambda_
    pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def epoch(order, weights, totals):
        order = np.array(order, dtype=np.uint32)

        def part(t):
            low, high = len(order) * t // threads, len(order) * (t + 1) // threads
            sgd_cython.train_part(
                rows, labels, order, low, high, STEP, shrink, weights[t], totals[t]
            )

        if pool:
            list(pool.map(part, range(threads)))  # list: so that an exception is not lost
        else:
            part(0)

    return epoch


def cython_prange(data, n, _threads):
    """The same parts on OpenMP's threads instead of Python's."""
    rows, labels = data.rows[:n], data.labels[:n]
    shrink = 1 - BATCH * STEP * data.lambda_

    def epoch(order, weights, totals):
        order = np.array(order, dtype=np.uint32)
        sgd_cython.train_parallel(rows, labels, order, STEP, shrink, weights, totals)

    return epoch
