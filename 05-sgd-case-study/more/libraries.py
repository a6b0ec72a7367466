"""The same objective by libraries: scikit-learn, this chapter's estimator, Snap ML, Cyanure.

    python more/libraries.py

Each is trained with its default, and with some settings that might come near the optimum sooner.
`default-s` and `default-gap` are the default's. `0.1%-s` and `0.01%-s` are the seconds of whichever
came so near first, and a dash says that none did. All get the same float32 rows in the same order.
"""

import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from math import inf
from multiprocessing import get_context

from bench import built, header, openmp_threads, read_options, row, run, stopwatch, verdict

THREADS = openmp_threads(64)
with built():
    import numpy as np
    from data.flights import OPTION, TOLERANCE, gap, load
    from threadpoolctl import threadpool_limits

LOGISTIC, SGD = "sklearn.linear_model.LogisticRegression", "sklearn.linear_model.SGDClassifier"
ESTIMATOR = "local_sgd.LocalSGDClassifier"
EPOCH = {"max_iter": 1, "tol": None}
ONE = EPOCH | {"learning_rate": "constant", "eta0": 0.01}
HALF = 130_816  # of the rows: to average over the second half
TWO = ONE | {"max_iter": 2, "average": 2 * HALF}
# Of each: its class, what it always needs, and the settings beside the default that are tried.
LIBRARIES = {
    "newton-cholesky": (LOGISTIC, {"solver": "newton-cholesky"}, [{"tol": 0.01}]),
    "lbfgs": (LOGISTIC, {"solver": "lbfgs"}, [{"tol": t, "blas": 1} for t in (1e-3, 5e-4, 2e-4)]),
    "saga": (LOGISTIC, {"solver": "saga"}, [{"tol": 0.2}, {"tol": 0.1}, {"tol": 0.05}]),
    "sgd": (SGD, {}, [ONE | {"max_iter": 5, "eta0": 1e-3}, ONE | {"max_iter": 10, "eta0": 2e-4}]),
    "sgd-average": (SGD, {"average": True}, [ONE, ONE | {"average": HALF}, TWO]),
    "local-sgd": (ESTIMATOR, {}, [EPOCH]),
    "snapml": ("snapml.LogisticRegression", {}, [{"tol": 0.01}, {"tol": 0.02}, {"max_iter": 10}]),
    "cyanure": ("cyanure.estimators.Classifier", {}, [{"max_iter": n} for n in (5, 4, 3)]),
}
ONE_THREAD = "saga", "sgd", "sgd-average"  # whatever it is asked for


def keywords(library, n, lambda_, threads):
    """Return what makes a class minimise the chapter's objective on n rows, with these threads."""
    return {
        LOGISTIC: {"C": 1 / (lambda_ * n)},
        SGD: {"loss": "log_loss", "alpha": lambda_, "random_state": 0},
        ESTIMATOR: {"alpha": lambda_, "n_jobs": threads, "random_state": 1},
        "snapml.LogisticRegression": {"regularizer": lambda_ * n, "n_jobs": threads},
        "cyanure.estimators.Classifier": {
            **{"loss": "logistic", "penalty": "l2", "lambda_1": lambda_},
            **{"n_threads": threads, "verbose": False},
        },
    }[library] | {"fit_intercept": False}


def fit(data, name, threads):
    """Train with all settings; return [(gap, time, setting)], that of the default first.

    One thread for linear algebra, "blas" of a setting, is sometimes faster than several.
    """
    warnings.simplefilter("ignore")  # of scikit-learn: that it was told to end early
    library, needed, settings = LIBRARIES[name]
    module, _, class_name = library.rpartition(".")
    make = getattr(import_module(module), class_name)
    needed = keywords(library, data.train, data.lambda_, threads) | needed
    rows, labels = np.array(data.rows[: data.train]), np.array(data.labels[: data.train])
    results = []
    for setting in {}, *settings:
        limits = {"openmp": threads, "blas": setting.get("blas", threads)}
        model = make(**needed | {key: setting[key] for key in setting if key != "blas"})
        with threadpool_limits(limits), stopwatch() as took:
            model.fit(rows, labels)
        results.append((gap(data, np.ravel(model.coef_)), took, setting))
    return results


def measure(name, path, threads):
    """Return a library's row, and which setting came within 0.1% first."""
    data, threads = load(path), 1 if name in ONE_THREAD else threads
    results = sorted(fit(data, name, threads), key=lambda result: result[1].wall)
    default = next(result for result in results if not result[2])
    near, nearer = ([r for r in results if r[0] <= t] for t in (TOLERANCE, TOLERANCE / 10))
    above, took, setting = near[0] if near else default
    seconds = (f"{some[0][1].wall:#.3g}" if some else "-" for some in (near, nearer))
    cells = f"{above:8.4%}", f"{default[1].wall:#.3g}", f"{default[0]:.4%}", *seconds
    words = " ".join(f"{key}={value}" for key, value in setting.items())
    # A library that ends below the optimum has minimised another objective.
    answer, right = f"{(1 + above) * data.optimum:.6f}", -1e-6 < above < inf
    return (name, threads, answer, right, took, *cells), f"{name}: {words or 'its default'}"


def each_alone(*about):
    """Yield what measure() returns of each library that is installed and does not crash.

    Each has a process of its own, as the idle threads of one would disturb another.
    """
    left_out = {}  # each name once
    for name in LIBRARIES:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            try:
                yield alone.submit(measure, name, *about).result()
            except ImportError as error:  # it is missing, or refuses another package here
                left_out[(error.name or name).partition(".")[0]] = None
            except BrokenProcessPool:
                left_out[f"{name} that crashed"] = None
    if left_out:
        print(f"\nleft out: {', '.join(left_out)} (make peers adds what it can)")


def main():
    args = read_options(__doc__, t=(THREADS, 1, 64, "threads"), file=OPTION)
    os.environ["OMP_NUM_THREADS"] = str(args.t)
    load(args.file)  # one line if it is damaged, and not one for each library
    print("SGD's objective, by libraries")
    header(f"{'gap':>8}", "default-s", "default-gap", "0.1%-s", "0.01%-s")
    settings = []
    for cells, setting in each_alone(args.file, args.t):
        settings.append(setting)
        row(*cells)
    if settings:
        print("\nwhat was within 0.1% first", *settings, sep="\n")
    verdict()


if __name__ == "__main__":
    run(main)
