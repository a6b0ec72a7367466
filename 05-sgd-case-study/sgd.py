"""Logistic regression by SGD on the flights: pure Python, NumPy, Cython, Cython on all cores.

    python sgd.py

It trains on build/flights.bin, which `make build` makes, with the extension of sgd_cython.pyx. All
versions visit blocks of 512 rows in an order drawn anew each epoch, and answer with the average of
the weights over the second half of the epoch (Polyak-Ruppert averaging; Bottou 2012, section 5). On
several threads each trains weights of its own on its part of the blocks, and they are averaged once
an epoch (local SGD; McDonald et al. 2010; Stich 2019). Training ends with the epoch that brings the
objective within 0.1% of the optimum. sgd.c is the same in C.
"""

import argparse
import os
import statistics
import sys
from pathlib import Path

from bench import (
    built,
    fail,
    header,
    openmp_threads,
    read_options,
    row,
    run,
    stopwatch,
    verdict,
)

THREADS = openmp_threads(64)
# NumPy's own threads spin while they wait, and would spoil the timing of ours. Before its import.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
with built():
    import numpy as np
    import rungs
    from flights_file import BLOCK, FEATURES, auc, load, objective

TOLERANCE = 1e-3  # of the optimum
MIN_ROWS = 256 * BLOCK  # fewer rows have another optimum
VERSIONS = {  # the rung, and whether it uses the threads of -t
    "python": (rungs.pure_python, False),
    "python-threads": (rungs.pure_python, True),
    "numpy-rows": (rungs.numpy_rows, False),
    "numpy": (rungs.numpy_batches, False),
    "cython": (rungs.cython, False),
    "cython-threads": (rungs.cython, True),
    "cython-prange": (rungs.cython_prange, True),  # last: OpenMP's idle threads spin
}


def shuffle(order, state):
    """Fisher-Yates with Knuth's MMIX generator, as in local_sgd.c; returns its next state."""
    for i in range(len(order) - 1, 0, -1):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        j = (state >> 33) % (i + 1)
        order[i], order[j] = order[j], order[i]
    return state


def combine(weights, totals, blocks):
    """Average the threads' weights in place; return the average of the epoch's second half."""
    threads = len(weights)
    parts = [(blocks * t // threads, blocks * (t + 1) // threads) for t in range(threads)]
    summed = sum(high - low - (high - low) // 2 for low, high in parts) * (BLOCK // rungs.BATCH)
    weights[:] = weights.mean(axis=0, dtype=np.float64)
    return (totals.sum(axis=0, dtype=np.float64) / summed).astype(np.float32)


def train(epoch, blocks, threads, seed, epochs, good_enough):
    """Train until good_enough(answer); return answer, epochs, wall and CPU seconds of training."""
    weights = np.zeros((threads, FEATURES), dtype=np.float32)
    totals, order, state = np.zeros_like(weights), list(range(blocks)), seed
    wall = cpu = done = 0
    answer = weights[0]
    while done < epochs and not (done and good_enough(answer)):
        with stopwatch() as took:
            state = shuffle(order, state)
            epoch(np.array(order, dtype=np.uint32), weights, totals)
            answer = combine(weights, totals, blocks)
        wall, cpu, done = wall + took.wall, cpu + took.cpu, done + 1
    return answer, done, wall, cpu


def repeat(epoch, blocks, threads, seed, epochs, good_enough):
    """Train once with evaluation, then as often as fits in 0.3 s without; return the median.

    Returns (answer, epochs, took, whether all answers were the same, bit by bit).
    """
    answer, done, wall, cpu = train(epoch, blocks, threads, seed, epochs, good_enough)
    walls, cpus, same = [wall], [cpu], True
    while len(walls) < 99 and sum(walls) < 0.3:
        again, _, wall, cpu = train(epoch, blocks, threads, seed, done, lambda _: False)
        same &= again.tobytes() == answer.tobytes()
        walls.append(wall)
        cpus.append(cpu)
    wall = statistics.median(walls)
    return answer, done, argparse.Namespace(wall=wall, cpu=wall * sum(cpus) / sum(walls)), same


def climb(data, version, threads, blocks, args):
    """Train on one rung; return (answer, whether it is right, its time, more cells) for a row."""
    n = blocks * BLOCK

    def good_enough(weights):  # false for NaN
        return abs(objective(data, weights) / data.optimum - 1) <= TOLERANCE

    rung, _ = VERSIONS[version]
    epoch = rung(data, n)
    if rung is not rungs.cython_prange:
        epoch = rungs.on_threads(epoch, threads)
    weights, epochs, took, same = repeat(epoch, blocks, threads, args.s, args.e, good_enough)
    if not same:
        print(f"sgd.py: {version}: the answer is not the same in every run", file=sys.stderr)
    reached, seconds = objective(data, weights), took.wall / epochs
    cells = (
        f"{epochs}",
        f"{reached / data.optimum - 1:8.4%}",
        f"{auc(data, weights):.4f}",
        f"{n * 4 * (FEATURES + 1) / seconds / 1e9:.1f}",
    )
    return f"{reached:.6f}", same and good_enough(weights), took, *cells


def main():
    file = {"type": Path, "nargs": "?", "default": Path("build/flights.bin"), "help": "the data"}
    args = read_options(
        __doc__,
        n=(2**32 - 1, MIN_ROWS, 2**32 - 1, "rows to train on, at most"),
        t=(THREADS, 1, 64, "threads"),
        e=(20, 1, 1000, "most epochs"),
        s=(1, 0, 2**32 - 1, "seed"),
        file=file,
    )
    try:
        data = load(args.file)
    except ValueError as error:
        fail(2, error)
    blocks = min(args.n, data.train) // BLOCK
    target = f"until the objective is within 0.1% of {data.optimum:.6f}"
    print(f"SGD on {blocks * BLOCK} flights {target}")
    header("epochs", f"{'gap':>8}", "AUC", "GB/s")
    for version, (_, parallel) in VERSIONS.items():
        threads = args.t if parallel else 1
        row(version, threads, *climb(data, version, threads, blocks, args))
    verdict()


if __name__ == "__main__":
    run(main)
