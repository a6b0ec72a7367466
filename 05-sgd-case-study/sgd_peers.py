"""The same objective by libraries: scikit-learn, snapml, cyanure, Vowpal Wabbit, PyTorch.

    python sgd_peers.py

Each has a process of its own, and is trained with up to four settings: its default (PyTorch has
none), and what could make it reach 0.1% sooner. (Of our own step size, too, four were tried:
`build/sgd -p 5`, 10, 20 and 40.) A row for the default, and one for the fastest setting that came
within 0.1% of the optimum, or else for the nearest one; `0.01%-s` is how many seconds the fastest
one took that came within 0.01%. All get the same rows in the same order, in float32; what they
shuffle is in their seconds, and what they need in another form before (a file for Vowpal Wabbit) is
not.
"""

import os
import resource
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from bench import built, fail, header, openmp_threads, read_options, row, run, verdict

DATA = Path(__file__).parent / "build/flights.bin"
THREADS = openmp_threads(64)
with built():
    import numpy as np
    from flights_file import TOLERANCE, auc, load, objective
    from threadpoolctl import threadpool_limits

    import libraries

HALF = 130_816  # of the rows of the flights: to average over the second half
ONE = {"max_iter": 1, "tol": None, "learning_rate": "constant", "eta0": 0.01}
EPOCH = {"max_iter": 1, "tol": None, "eta0": 0.01}
LBFGS = {"optimizer": "LBFGS", "batch": 10**9, "step": 1}  # all rows are one batch
# A library may have one of these settings; {} is its default.
SETTINGS = {
    "newton-cholesky": [{}, {"blas": 1}, {"tol": 0.01}, {"tol": 0.01, "blas": 1}],
    "lbfgs": [{}, {"tol": 1e-3}, {"tol": 5e-4, "blas": 1}, {"tol": 2e-4, "blas": 1}],
    "saga": [{}, {"tol": 0.2}, {"tol": 0.1}, {"tol": 0.05}],
    "sgd": [{}, ONE, ONE | {"max_iter": 5, "eta0": 1e-3}, ONE | {"max_iter": 10, "eta0": 2e-4}],
    "sgd-average": [{}, ONE, ONE | {"average": HALF}, ONE | {"average": 2 * HALF, "max_iter": 2}],
    "local-sgd": [{}, {"eta0": 0.01}, {"max_iter": 1, "tol": None}, EPOCH],
    "snapml": [{}, {"tol": 0.01}, {"tol": 0.02}, {"max_iter": 10}],
    "cyanure": [{}, {"max_iter": 5}, {"max_iter": 4}, {"max_iter": 3}],
    "vowpal-wabbit": [
        {},
        {"options": "--sgd -l 0.01 --power_t 0"},
        {"options": "--sgd -l 0.003 --power_t 0"},
        {"options": "--bfgs --passes 20"},
    ],
    "pytorch": [
        {"epochs": 1, "batch": 512, "step": 0.5},
        {"epochs": 5, "batch": 512, "step": 0.1},
        LBFGS | {"epochs": 1},
        LBFGS | {"epochs": 2},
    ],
}
TRAIN = {  # the function of libraries.py, whether it uses threads, and what it always needs
    "newton-cholesky": (libraries.linear, True, {"solver": "newton-cholesky"}),
    "lbfgs": (libraries.linear, True, {"solver": "lbfgs"}),
    "saga": (libraries.linear, False, {"solver": "saga"}),
    "sgd": (libraries.sgd, False, {}),
    "sgd-average": (libraries.sgd, False, {"average": True}),
    "local-sgd": (libraries.local_sgd, True, {}),
    "snapml": (libraries.snapml, True, {}),
    "cyanure": (libraries.cyanure, True, {}),
    "vowpal-wabbit": (libraries.vowpal_wabbit, False, {}),
    "pytorch": (libraries.pytorch, True, {}),
}


def measure(version, path, threads):
    """Train with all settings; return two rows, the default's and the best one's, and its name."""
    warnings.simplefilter("ignore")  # of scikit-learn: that it was told to end early
    data = load(path, features=None)
    rows, labels = np.array(data.rows[: data.train]), np.array(data.labels[: data.train])
    train, uses_threads, needed = TRAIN[version]
    trained = []
    with threadpool_limits(1):  # for what computes on one thread, and for the objective
        for setting in SETTINGS[version]:
            weights, took = train(rows, labels, data.lambda_, threads, **needed | setting)
            above = objective(data, weights) / data.optimum - 1
            trained.append((above, took, setting, auc(data, weights)))
    near = [one for one in trained if one[0] <= TOLERANCE]
    best = min(near, key=lambda one: one[1].wall) if near else min(trained, key=lambda one: one[0])
    nearer = [took.wall for above, took, *_ in trained if above <= TOLERANCE / 10]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = peak / 1e6 * (1 if sys.platform == "darwin" else 1024)
    result = []
    for above, took, _, area in trained[0], best:
        cells = f"{above:8.3%}", f"{area:.4f}", f"{peak:.0f}", f"{min(nearer, default=np.nan):.2f}"
        answer, right = f"{(1 + above) * data.optimum:.6f}", bool(np.isfinite(above))
        cells = [cell.replace("nan", "-") for cell in cells]
        result.append((version, threads if uses_threads else 1, answer, right, took, *cells))
    words = " ".join(f"{key}={value}" for key, value in best[2].items())
    return result, f"{version}: {words or 'its default'}"


def each_alone(*arguments):
    """Yield what measure() returns of each version that is installed and does not crash.

    In one process their pools of threads would disturb each other: idle threads of one spin while
    another is measured.
    """
    left_out = {}  # each name once
    for version in TRAIN:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            try:
                yield alone.submit(measure, version, *arguments).result()
            except ImportError as error:  # it is missing, or refuses another package here
                left_out[(error.name or version).partition(".")[0]] = None
            except BrokenProcessPool:
                left_out[f"{version} that crashed"] = None
    if left_out:
        print(f"\nleft out: {', '.join(left_out)} (make peers adds what it can)")


def main():
    data = {"type": Path, "nargs": "?", "default": DATA, "help": "the data"}
    args = read_options(__doc__, t=(THREADS, 1, 64, "threads"), file=data)
    os.environ["OMP_NUM_THREADS"] = str(args.t)
    try:
        load(args.file, features=None)
    except ValueError as error:
        fail(2, error)
    print("SGD's objective, by libraries")
    best = []
    for rows, setting in each_alone(args.file, args.t):
        if not best:
            header(f"{'gap':>8}", "AUC", "peak-MB", "0.01%-s")
        best.append(setting)
        for cells in rows:
            row(*cells)
    if best:
        print("\nthe settings of the second rows\n" + "\n".join(best))
    verdict()


if __name__ == "__main__":
    run(main)
