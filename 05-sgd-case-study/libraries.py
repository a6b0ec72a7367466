"""The flights' objective, minimised by libraries: a function for each. sgd_peers.py measures them.

A function takes rows, float32 (n, 32), labels, float32 (n,), +1 or -1, lambda, the number of
threads, and settings of the library. It returns the weights, float (32,), and the time of training.
It raises ModuleNotFoundError where the library is not installed.
"""

import tempfile
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
from bench import stopwatch
from threadpoolctl import threadpool_limits


def linear(rows, labels, lambda_, threads, solver, blas=0, **setting):
    """scikit-learn's LogisticRegression; blas: threads for its linear algebra."""
    module = import_module("sklearn.linear_model")
    penalty = 1 / (lambda_ * len(rows))
    model = module.LogisticRegression(C=penalty, fit_intercept=False, solver=solver, **setting)
    with stopwatch() as took, threadpool_limits(blas or threads):
        model.fit(rows, labels)
    return model.coef_[0], took


def sgd(rows, labels, lambda_, _threads, **setting):
    """scikit-learn's SGDClassifier."""
    module = import_module("sklearn.linear_model")
    about = {"loss": "log_loss", "alpha": lambda_, "fit_intercept": False, "random_state": 0}
    model = module.SGDClassifier(**about, **setting)
    with stopwatch() as took:
        model.fit(rows, labels)
    return model.coef_[0], took


def local_sgd(rows, labels, lambda_, threads, **setting):
    """This chapter's local SGD as an estimator, see the folder estimator."""
    module = import_module("local_sgd")
    about = {"alpha": lambda_, "fit_intercept": False, "n_jobs": threads, "random_state": 1}
    model = module.LocalSGDClassifier(**about, **setting)
    with stopwatch() as took:
        model.fit(rows, labels)
    return model.coef_[0], took


def snapml(rows, labels, lambda_, threads, **setting):
    """Snap ML's LogisticRegression: parallel dual coordinate descent."""
    about = {"regularizer": lambda_ * len(rows), "fit_intercept": False, "n_jobs": threads}
    model = import_module("snapml").LogisticRegression(**about, **setting)
    with stopwatch() as took:
        model.fit(rows, labels)
    return np.ravel(model.coef_), took


def cyanure(rows, labels, lambda_, threads, **setting):
    """Cyanure: accelerated stochastic variance reduction."""
    module = import_module("cyanure.estimators")
    about = {"loss": "logistic", "penalty": "l2", "lambda_1": lambda_, "fit_intercept": False}
    model = module.Classifier(**about, n_threads=threads, verbose=False, **setting)
    with stopwatch() as took:
        model.fit(rows, labels)
    return np.ravel(model.coef_), took


def vowpal_wabbit(rows, labels, lambda_, _threads, options=""):
    """Vowpal Wabbit, from its own cache file; it has no averaging, and one thread to learn."""
    module = import_module("vowpalwabbit")
    with tempfile.TemporaryDirectory() as folder:
        text, cache, model = (Path(folder, name) for name in ("text", "cache", "model"))
        with text.open("w") as file:
            for row, label in zip(rows.tolist(), labels.tolist(), strict=True):
                cells = " ".join(f"{j}:{x:.8g}" for j, x in enumerate(row) if x)
                file.write(f"{label:.0f} | {cells}\n")
        bits = rows.shape[1].bit_length() + 3  # of its table of weights: no two share a place
        about = f"--loss_function logistic --noconstant -b {bits} --quiet --cache_file {cache}"
        module.Workspace(f"{about} -d {text} -k").finish()
        with stopwatch() as took:
            l2 = lambda_ * (
                len(rows) if "--bfgs" in options else 1
            )  # there for the sum of the losses
            learning = f"{options} --l2 {l2} --holdout_off --predict_only_model"
            module.Workspace(f"{about} -d {text} {learning} --readable_model {model}").finish()
        weights = np.zeros(rows.shape[1])
        lines = [line.split(":") for line in model.read_text().splitlines()]
        for number, weight, *_ in (line for line in lines if line[0].isdigit() and len(line) > 1):
            weights[int(number) % len(weights)] = float(weight.split()[0])
    return weights, took


def pytorch(rows, labels, lambda_, threads, epochs, batch, step, optimizer="SGD"):
    """PyTorch: batches in a new order each epoch."""
    torch = import_module("torch")
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    x, y = torch.from_numpy(rows.copy()), torch.from_numpy(labels.copy())
    weights = torch.zeros(rows.shape[1], requires_grad=True)
    how = getattr(torch.optim, optimizer)([weights], lr=step)

    def loss(x, y):
        how.zero_grad()
        penalty = lambda_ / 2 * weights.dot(weights)
        value = torch.nn.functional.softplus(-y * (x @ weights)).mean() + penalty
        value.backward()
        return value

    with stopwatch() as took:
        for _ in range(epochs):
            for part in torch.randperm(len(x)).split(batch):
                how.step(partial(loss, x[part], y[part]))
    return weights.detach().numpy(), took
