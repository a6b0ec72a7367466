"""The estimator, for scikit-learn; the training is in _problem.py."""

import warnings
from numbers import Integral, Real

import numpy as np
from joblib import cpu_count
from scipy.special import log_expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state, check_scalar, check_X_y
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from local_sgd._problem import BATCH, MANY, Problem


def two_classes(y):
    """Return the two classes in y, sorted; ValueError if there are not two."""
    classes = np.unique(y)
    check_classification_targets(classes)
    if len(classes) != 2:
        raise ValueError(f"Only binary classification is supported; y has {len(classes)} classes")
    return classes


class LocalSGDClassifier(ClassifierMixin, BaseEstimator):
    """Logistic regression by local SGD: parallel stochastic gradient descent without the GIL.

    It tells two classes apart, by the least mean logistic loss of the rows plus alpha/2 |coef_|^2.
    Each of `n_jobs` workers trains weights of its own on its part of the rows, and after each epoch
    they are averaged (McDonald et al. 2010; Stich 2019). The answer is an average over batches of
    32 rows (Shamir and Zhang 2013). Steps are those of standardised features, though X stays as it
    is. 65,536 rows and more are visited in blocks of 512: shuffle them first if they are sorted.

    Parameters
    ----------
    alpha : float, weight of the L2 penalty, which the intercept has not.
    fit_intercept : bool
    max_iter : int, most epochs.
    tol : float or None. Training ends when the objective is within this share of its minimum, by
        the gradient g on all rows and the curvature H on 4,096 rows: g' H^-1 g / 2. A
        ConvergenceWarning says if it is not. None: `max_iter` epochs, without a look.
    n_jobs : int or None, workers, at most one for 512 rows: None is 1, -1 one for each core. On
        processors of one kind the answer is the same to the last bit for the same data,
        `random_state` and number of workers.
    random_state : int, RandomState or None, for the order of the rows.
    class_weight : dict, "balanced" or None, by which the weights of the rows are multiplied.

    Attributes
    ----------
    classes_ : ndarray (2,)
    coef_, intercept_ : ndarrays (1, n_features) and (1,), of X's dtype.
    n_iter_, n_features_in_ : int, epochs of the last call, and features.

    X is copied if it is not C-contiguous float32 or float64, or has fewer than 65,536 rows, or rows
    of weight 0. Errors are ValueErrors, or TypeErrors of parameters. They and KeyboardInterrupt
    leave all attributes as they were.
    """

    def __init__(
        self,
        *,
        alpha=1e-4,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        n_jobs=None,
        random_state=None,
        class_weight=None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.class_weight = class_weight

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X, y, sample_weight=None):
        """Train on X (n, n_features), y (n,) and weights of the rows (n,); return self."""
        rows, labels, weights = self._checked(X, y, sample_weight)
        classes = two_classes(labels)
        random = check_random_state(self.random_state)
        if len(rows) < MANY:
            order = random.permutation(len(rows))
            rows, labels, weights = rows[order], labels[order], weights[order]
        weights = self._times_class_weights(weights, classes, labels)
        seen = np.array([len(rows), weights.sum(dtype=float)])
        # Only ratios of weights count here, and a batch of few rows weighs as much as a full one.
        weights = weights * float(-(-len(rows) // BATCH) * BATCH / seen[1])
        problem = self._problem(rows, labels == classes[1], weights)
        best, epochs, near = problem.solve(self.max_iter, self.tol, random)
        validate_data(self, X, skip_check_array=True)
        state = best, best, 0, problem.moments, seen
        self._publish(classes, epochs, rows.dtype, state)
        if not near:
            text = f"still far from the minimum after {epochs} epochs: raise max_iter, alpha or tol"
            warnings.warn(text, ConvergenceWarning, stacklevel=2)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on these rows, going on from the last call; return self.

        classes: (2,), needed in the first call if y lacks one of them. The others are as in fit,
        and weights count in relation to the mean of all rows so far.
        """
        if self.class_weight == "balanced":
            raise ValueError("class_weight: partial_fit cannot know what is balanced; give a dict")
        goes_on = hasattr(self, "_state")
        if goes_on:
            validate_data(self, X, reset=False, skip_check_array=True)
        rows, labels, weights = self._checked(X, y, sample_weight)
        classes = labels if classes is None else classes
        known = self.classes_ if goes_on else two_classes(classes)
        # As Python compares them: in one array the number 0 would become the text "0".
        given = {*np.unique(classes).tolist(), *np.unique(labels).tolist()}
        if others := given - {*known.tolist()}:
            raise ValueError(f"there are other classes than {known}: {others}")
        empty = *np.zeros((2, rows.shape[1] + 1)), 0, (0, 0, 0), np.zeros(2)
        start = getattr(self, "_state", empty)
        weights = self._times_class_weights(weights, known, labels)
        seen = start[4] + [len(rows), weights.sum(dtype=float)]
        weights = weights * float(seen[0] / seen[1])
        problem = self._problem(rows, labels == known[1], weights, start[3])
        # Of few rows deviations are not known well.
        step, random = min(1, seen[0] / 32), check_random_state(self.random_state)
        state = problem.train(*start[:3], problem.step * step, 1, random)
        if not np.isfinite(state[1]).all():
            raise ValueError("X has NaN, infinity, or numbers that are too large: scale them")
        if not goes_on:
            validate_data(self, X, skip_check_array=True)
        return self._publish(known, 1, rows.dtype, (*state, problem.moments, seen))

    def _problem(self, rows, positive, weights, known=(0, 0, 0)):
        jobs = self.n_jobs or 1
        jobs = jobs if jobs > 0 else max(1, cpu_count() + 1 + jobs)
        labels = (2 * positive.astype(weights.dtype) - 1) * weights
        return Problem(rows, labels, known, self.alpha, bool(self.fit_intercept), jobs)

    def _check_parameters(self):
        check_scalar(self.alpha, "alpha", Real, min_val=0)
        check_scalar(self.max_iter, "max_iter", Integral, min_val=1)
        if self.tol is not None:
            check_scalar(self.tol, "tol", Real, min_val=0)
        if not np.isfinite([self.alpha, self.tol or 0]).all():
            raise ValueError(f"alpha == {self.alpha}, tol == {self.tol}: must be finite")
        if self.n_jobs is not None and not check_scalar(self.n_jobs, "n_jobs", Integral):
            raise ValueError("n_jobs == 0: there must be a worker")

    def _checked(self, X, y, sample_weight):
        """Return rows, classes and weights, without rows of weight 0."""
        self._check_parameters()
        # Values that are not finite are found when they have spoiled a mean or a gradient.
        options = {"dtype": [np.float64, np.float32], "order": "C", "estimator": self}
        X, y = check_X_y(X, y, ensure_all_finite=False, **options)
        weights = np.ones(len(X), X.dtype)
        if sample_weight is not None:
            weights = check_array(sample_weight, dtype=X.dtype, ensure_2d=False)
        if weights.shape != (len(X),) or not weights.any():
            raise ValueError("sample_weight must have a weight for each row, and not zero for all")
        if not (some := weights != 0).all():
            X, y, weights = X[some], y[some], weights[some]
        if not (weights > 0).all():
            raise ValueError("sample_weight must not be negative")
        return X, y, weights

    def _times_class_weights(self, weights, classes, labels):
        if self.class_weight is None:
            return weights
        of_class = compute_class_weight(self.class_weight, classes=classes, y=labels)
        if not (of_class > 0).all():
            raise ValueError("class_weight must be positive")
        return weights * of_class.astype(weights.dtype)[np.searchsorted(classes, labels)]

    def _publish(self, classes, epochs, dtype, state):
        self.classes_, self.n_iter_, self._state = classes, epochs, state
        average = state[1].astype(dtype)
        self.coef_, self.intercept_ = average[None, :-1], average[-1:]
        return self

    def decision_function(self, X):
        """Return the margins (n,) of X (n, n_features): positive where classes_[1] is likelier."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return X @ self.coef_[0] + self.intercept_[0]

    def predict(self, X):
        """Return the likelier class (n,) for each row of X (n, n_features)."""
        positive = self.decision_function(X) > 0
        return self.classes_[positive.astype(int)]

    def predict_log_proba(self, X):
        """Return the logarithm of the chance of each class (n, 2) for X (n, n_features)."""
        margins = self.decision_function(X)
        return log_expit(np.column_stack([-margins, margins]))

    def predict_proba(self, X):
        """Return the chance of each class (n, 2) for X (n, n_features)."""
        return np.exp(self.predict_log_proba(X))
