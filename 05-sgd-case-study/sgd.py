"""Logistic regression by SGD on the flights: pure Python, NumPy, Cython, Cython on all cores.

    python sgd.py                  after `make` has built build/flights.bin and the extension

All versions visit blocks of 512 rows in an order drawn anew each epoch, and answer with the
average of the weights over the second half of the epoch (Polyak-Ruppert averaging; Bottou 2012,
section 5). On several threads each trains weights of its own on its part of the blocks, and they
are averaged once an epoch (local SGD; McDonald et al. 2010; Stich 2019). Training ends with the
epoch that brings the objective within 0.1% of the optimum. sgd.c is the same in C.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

# NumPy's own threads spin while they wait, and would spoil the timing of ours. Before its import.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import rungs
from flights_file import BLOCK, FEATURES, auc, load, objective

TOLERANCE = 1e-3  # of the optimum
MIN_ROWS = 256 * BLOCK  # fewer rows have another optimum
HEADER = (
    f"{'version':<16}{'threads':>8}{'answer':>10}{'seconds':>12}{'speedup':>9}{'busy':>7}"
    f"{'epochs':>8}{'s/epoch':>12}{'Msamples/s':>12}{'gap':>9}{'AUC':>8}{'GB/s':>7}"
)
ROW = (
    "{:<15} {:>8} {:>9.6f} {:>#11.4g} {:>8.2f} {:>6.2f}"
    " {:>7} {:>#11.4g} {:>11.2f} {:>7.4f}% {:>7.4f} {:>6.1f}"
)


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
        start_wall, start_cpu = time.perf_counter(), time.process_time()
        state = shuffle(order, state)
        epoch(order, weights, totals)
        answer = combine(weights, totals, blocks)
        wall, cpu = wall + time.perf_counter() - start_wall, cpu + time.process_time() - start_cpu
        done += 1
    return answer, done, wall, cpu


def repeat(epoch, blocks, threads, seed, epochs, good_enough):
    """Train once with evaluation, then as often as fits in 0.3 s without; return the median.

    Raises ValueError if two trainings do not give the same answer, bit by bit.
    """
    answer, done, wall, cpu = train(epoch, blocks, threads, seed, epochs, good_enough)
    walls, cpus = [wall], [cpu]
    while len(walls) < 99 and sum(walls) < 0.3:
        again, _, wall, cpu = train(epoch, blocks, threads, seed, done, lambda _: False)
        if again.tobytes() != answer.tobytes():
            raise ValueError("the answer is not the same in every run")
        walls.append(wall)
        cpus.append(cpu)
    wall = statistics.median(walls)
    return answer, done, wall, wall * sum(cpus) / sum(walls)


def usable_cpus():
    """Count the CPUs this process may use: affinity, then the cgroup's quota; at least 2."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = map(int, file.read().split())
        cpus = min(cpus, -(-quota // period))
    except (OSError, ValueError):  # no such file, or it says "max": no quota
        pass
    return max(2, min(cpus, 256))


def whole(low, high):
    """Make an argparse type: a whole number from low to high."""

    def parse(text):
        digits = text.isascii() and text.isdigit() and len(text) < 20
        if not (digits and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(
                f"{text!r}: expected a whole number from {low} to {high}"
            )
        return int(text)

    return parse


def default_threads(parser):
    """Read OMP_NUM_THREADS ("4", or "4,2" for nested teams: the first), if there is one.

    OpenMP runtimes hang or crash on other values, so this comes before the extension is loaded.
    By default no more than 16: every thread learns from its own part of the rows, and small parts
    teach little.
    """
    text = os.environ.get("OMP_NUM_THREADS")
    if text is None:
        return min(usable_cpus(), 16)
    try:
        team, *_nested = [whole(1, 64)(part) for part in text.split(",")]
    except argparse.ArgumentTypeError:
        parser.error(f"OMP_NUM_THREADS {text!r}: expected a whole number from 1 to 64")
    return team


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__.split("\n")[0])
    parser.add_argument("-n", help="rows to train on (default: all training rows)")
    parser.add_argument("-t", type=whole(1, 64), help="threads (default: CPUs, at most 16)")
    parser.add_argument("-e", type=whole(1, 1000), default=20, help="most epochs (default: 20)")
    parser.add_argument("-s", type=whole(0, 2**32 - 1), default=1, help="seed (default: 1)")
    parser.add_argument("path", type=Path, nargs="?", default=Path("build/flights.bin"))
    args = parser.parse_args()
    threads = args.t or default_threads(parser)
    try:
        data = load(args.path)
        n = data.train if args.n is None else whole(MIN_ROWS, data.train)(args.n)
        rungs.load_extension()
    except ValueError as error:
        parser.error(str(error))
    except argparse.ArgumentTypeError as error:
        parser.error(f"argument -n: {error}")
    except ImportError:
        parser.error("the extension is not built; in 05-sgd-case-study, type: make build")

    versions = [
        ("python", rungs.pure_python, 1),
        ("numpy", rungs.with_numpy, 1),
        ("cython", rungs.cython, 1),
        ("cython-threads", rungs.cython, threads),
        ("cython-prange", rungs.cython_prange, threads),  # last: OpenMP's idle threads spin
    ]
    blocks = n // BLOCK
    n = blocks * BLOCK
    print(f"SGD on {n} flights until the objective is within 0.1% of {data.optimum:.6f}")
    print(HEADER)
    base, wrong = 0, []

    def good_enough(answer):  # false for NaN
        return abs(objective(data, answer) / data.optimum - 1) <= TOLERANCE

    for name, make, workers in versions:
        epoch = make(data, n, workers)
        answer, epochs, wall, cpu = repeat(epoch, blocks, workers, args.s, args.e, good_enough)
        base = base or wall
        reached = objective(data, answer)
        gap = reached / data.optimum - 1
        if not abs(gap) <= TOLERANCE:  # also true for NaN
            wrong.append(name)
        samples = n * epochs / wall
        row = name, workers, reached, wall, base / wall, cpu / wall, epochs, wall / epochs
        speed = samples * 4 * (FEATURES + 1) / 1e9
        print(ROW.format(*row, samples / 1e6, 100 * gap, auc(data, answer), speed), flush=True)
    if wrong:
        sys.exit(f"sgd.py: wrong answer, not within 0.1% of the optimum: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
