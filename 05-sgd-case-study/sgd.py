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
import math
import os
import statistics
import sys
from pathlib import Path

from bench import built, fail, header, openmp_threads, read_options, row, run, verdict

THREADS = openmp_threads(64)
# NumPy's own threads spin while they wait, and would spoil the timing of ours. Before its import.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
with built():
    import numpy as np
    import rungs
    from averaging import train
    from flights_file import BLOCK, FEATURES, TOLERANCE, auc, load, objective
    from watch import watch

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


def repeat(epoch, blocks, threads, good_enough, args):
    """Train once with evaluation, then as often as fits in 0.3 s without; return the median.

    Returns (answer, epochs, took, whether all answers were the same, bit by bit).
    """
    about = {"seed": args.s, "epochs": args.e, "first_step": args.p / 1000}
    answer, done, wall, cpu = train(epoch, blocks, threads, good_enough, **about)
    walls, cpus, same = [wall], [cpu], True
    about["epochs"] = done
    while len(walls) < 99 and sum(walls) < 0.3:
        again, _, wall, cpu = train(epoch, blocks, threads, lambda _: False, **about)
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
    with np.errstate(over="ignore", invalid="ignore"):
        weights, epochs, took, same = repeat(epoch, blocks, threads, good_enough, args)
        reached, seconds = objective(data, weights), took.wall / epochs
    speed = f"{n * 4 * (FEATURES + 1) / seconds / 1e9:.1f}"
    if not reached < math.log(2):  # what weights of zero have
        advice = f"choose a smaller step than -p {args.p}"
        print(f"sgd.py: {version}: training diverged: {advice}", file=sys.stderr)
        return "diverged", False, took, "-", f"{'-':>8}", "-", speed
    gap = reached / data.optimum - 1
    if gap > TOLERANCE:
        advice = f"choose a larger -e than {epochs}, or another -p"
        print(f"sgd.py: {version}: not yet within 0.1%: {advice}", file=sys.stderr)
    if not same:
        print(f"sgd.py: {version}: the answer is not the same in every run", file=sys.stderr)
    right = same and abs(gap) <= TOLERANCE
    cells = f"{epochs}", f"{gap:8.4%}", f"{auc(data, weights):.4f}", speed
    return f"{reached:.6f}", right, took, *cells


def main():
    file = {"type": Path, "nargs": "?", "default": Path("build/flights.bin"), "help": "the data"}
    args = read_options(
        __doc__,
        n=(2**32 - 1, MIN_ROWS, 2**32 - 1, "rows to train on, at most"),
        t=(THREADS, 1, 64, "threads"),
        e=(20, 1, 1000, "most epochs"),
        s=(1, 0, 2**32 - 1, "seed"),
        p=(10, 1, 10**6, "first step size, in thousandths"),
        watch={"action": "store_true", "help": "draw the objective while pure Python trains"},
        file=file,
    )
    try:
        data = load(args.file)
    except ValueError as error:
        fail(2, error)
    blocks = min(args.n, data.train) // BLOCK
    if args.t > blocks:
        fail(2, f"-t '{args.t}': there are only {blocks} blocks of {BLOCK} rows to share out")
    if args.watch:
        print(watch(data, blocks, args))
        return
    target = f"until the objective is within 0.1% of {data.optimum:.6f}"
    print(f"SGD on {blocks * BLOCK} rows {target}")
    header("epochs", f"{'gap':>8}", "AUC", "GB/s")
    for version, (_, parallel) in VERSIONS.items():
        threads = args.t if parallel else 1
        row(version, threads, *climb(data, version, threads, blocks, args))
    verdict()


if __name__ == "__main__":
    run(main)
