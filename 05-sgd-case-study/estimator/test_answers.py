"""Within 1% of the minimum on data of any kind and scale, or a ConvergenceWarning."""

import sys
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed (make peers)")
from scipy.optimize import minimize
from scipy.special import expit
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import minmax_scale, normalize, scale

sys.path.insert(0, str(Path(__file__).parents[1] / "build"))
from local_sgd import LocalSGDClassifier

ALPHA = 1e-4
MADE = {
    "usual": {},
    "redundant": {"n_informative": 5, "n_redundant": 10},
    "apart": {"class_sep": 3},
    "noisy": {"flip_y": 0.3},
    "rare": {"weights": [0.95]},
    "narrow": {"n_features": 4},
    "many": {"n_samples": 70_000, "n_features": 8},
}
LOADED = "iris", "wine", "breast_cancer", "digits", "diabetes"
FORMS = {
    "raw": lambda X: X,
    "small": lambda X: X * 1e-3,
    "big": lambda X: X * 1e3,
    "shifted": lambda X: X + 100 * X.std(),
    "in 0..1": minmax_scale,
    "rows of length 1": normalize,
    "columns of many scales": lambda X: scale(X) * np.logspace(-3, 3, X.shape[1]),
}


@cache
def data(name):
    if name in MADE:
        about = {"n_samples": 2000, "random_state": 0} | MADE[name]
        return datasets.make_classification(**about)
    options = {"n_class": 4} if name == "digits" else {}
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True, **options)
    return X, (y > np.median(y) if name == "diabetes" else y == 1).astype(int)


def objective(X, y, weights, intercept):
    margins = (2 * y - 1) * (X.astype(float) @ weights + intercept)
    return np.logaddexp(0, -margins).mean() + ALPHA / 2 * weights @ weights


def minimum(X, y):
    """Return the objective that L-BFGS reaches, in coordinates that suit X and the penalty."""
    mean, unit = X.mean(axis=0), (X.var(axis=0) + 4 * ALPHA) ** -0.5
    Z = (X - mean) * unit

    def value(v):
        weights, signs = v[:-1] * unit, 2 * y - 1
        factors = -signs * expit(-signs * (Z @ v[:-1] + v[-1])) / len(y)
        slope = np.append(factors @ Z + ALPHA * weights * unit, factors.sum())
        return objective(Z, y, v[:-1], v[-1]) + ALPHA / 2 * (
            weights @ weights - v[:-1] @ v[:-1]
        ), slope

    options = {"maxiter": 3000, "maxfun": 4000, "ftol": 1e-12, "gtol": 1e-8, "maxcor": 30}
    return minimize(
        value, np.zeros(len(mean) + 1), jac=True, method="L-BFGS-B", options=options
    ).fun


@pytest.mark.parametrize("name", [*MADE, *LOADED])
def test_near_the_minimum_or_it_says_so(name):
    X, y = data(name)
    silent = 0
    for form, change in FORMS.items():
        changed = np.ascontiguousarray(change(X))
        least = minimum(changed, y)
        for dtype, jobs in (float, 1), (np.float32, 2), (float, 8):
            model = LocalSGDClassifier(n_jobs=jobs, random_state=0)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", ConvergenceWarning)
                model.fit(changed.astype(dtype), y)
            value = objective(changed, y, model.coef_[0].astype(float), model.intercept_[0])
            assert value <= np.log(2) * (1 + 1e-6), (form, jobs)
            if not any(issubclass(one.category, ConvergenceWarning) for one in caught):
                assert value <= 1.01 * least, (form, jobs)
                silent += 1
    assert silent >= 6  # of 21, where classes can be told apart: it does not warn of everything
