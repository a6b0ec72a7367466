"""The estimator, for scikit-learn; the training of two classes is in _problem.py."""

import warnings
from numbers import Integral, Real

import numpy as np
from joblib import cpu_count
from scipy.special import log_expit, log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state, check_X_y
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from local_sgd._problem import MANY, SAMPLE, Problem, check_finite, moments


def classes_of(y):
    """Return the classes in y, sorted, without sorting all of y for the usual two."""
    few = np.unique(y[:SAMPLE])
    if len(few) != 2 or not ((y == few[0]) | (y == few[1])).all():
        few = np.unique(y)
    check_classification_targets(few)
    return few


def solve_each(problem, labels, classes, answers, *how):
    """Improve answers (n, d + 1), one for each class, in place, also when Ctrl-C ends it.

    Returns the epochs, how many answers are far from the minimum, and KeyboardInterrupt or None.
    """
    epochs = far = 0
    for answer, positive in zip(answers, classes, strict=True):
        problem.begin(labels == positive, answer)
        try:
            far += not problem.solve(*how)
        except KeyboardInterrupt as interrupt:
            return max(epochs, problem.epochs), far, interrupt
        finally:
            answer[:] = problem.best
        epochs = max(epochs, problem.epochs)
    return epochs, far, None


class LocalSGDClassifier(ClassifierMixin, BaseEstimator):
    """Logistic regression by local SGD: parallel stochastic gradient descent without the GIL.

    It minimises the mean logistic loss of the rows plus alpha/2 |coef_|^2; of more than two
    classes, one against the rest. Each of `n_jobs` workers trains weights of its own on its part of
    the rows, and after each epoch they are averaged (McDonald et al. 2010; Stich 2019). The answer
    is an average over batches of 32 rows (Shamir and Zhang 2013). Steps are those of standardised
    features, though X stays as it is. 65,536 rows and more are visited in blocks of 512: shuffle
    them first if they are sorted.

    Parameters
    ----------
    alpha : float, weight of the L2 penalty, which the intercept has not.
    fit_intercept : bool
    max_iter : int, most epochs.
    tol : float or None. Training ends when the objective is within this share of its minimum, by
        the gradient g on all rows and the curvature H on 4,096 rows: g' H^-1 g / 2. A
        ConvergenceWarning says if it is not. None: `max_iter` epochs, without a look.
    eta0 : float or None, first step size, for the sum of the gradients of a batch; None:
        1 / (4 + 4 n_features).
    n_jobs : int or None, workers, at most one for 512 rows: None is 1, -1 one for each core. The
        answer is the same to the last bit for the same data, `random_state` and number of workers.
    random_state : int, RandomState or None, for the order of the rows.
    class_weight : dict, "balanced" or None, by which the weights of the rows are multiplied.
    warm_start : bool, whether `fit` goes on from the last answer.

    Attributes
    ----------
    classes_ : ndarray (n_classes,)
    coef_, intercept_ : ndarrays (1 or n_classes, n_features) and (1 or n_classes,), of X's dtype.
    n_iter_ : int, epochs of the last call, the most of all classes.
    n_features_in_ : int

    Notes
    -----
    X is copied if it is not C-contiguous float32 or float64, or has fewer than 65,536 rows, or rows
    of weight 0. Errors are ValueErrors, and leave all attributes as they were; KeyboardInterrupt
    leaves the best answer so far.
    """

    def __init__(
        self,
        *,
        alpha=1e-4,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        eta0=None,
        n_jobs=None,
        random_state=None,
        class_weight=None,
        warm_start=False,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.eta0 = eta0
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.class_weight = class_weight
        self.warm_start = warm_start

    def fit(self, X, y, sample_weight=None):
        """Train on X (n, n_features), y (n,) and weights of the rows (n,); return self."""
        rows, labels, weights = self._checked(X, y, sample_weight)
        classes, d = classes_of(labels), rows.shape[1]
        if len(classes) < 2:
            raise ValueError(f"two classes are needed, and y has only one class: {classes}")
        random = check_random_state(self.random_state)
        if len(rows) < MANY:
            order = random.permutation(len(rows))
            rows, labels, weights = rows[order], labels[order], weights[order]
        problem = self._problem(rows, weights)
        positives = classes[1:] if len(classes) == 2 else classes
        state, old = np.zeros((len(positives), 2, d + 1)), getattr(self, "_state", [None])[0]
        if self.warm_start and np.shape(old) == state.shape and (classes == self.classes_).all():
            state[:] = old[:, 1:]
        how = self.max_iter, self.tol, self._step(d), random
        epochs, far, stopped = solve_each(problem, labels, positives, state[:, 1], *how)
        state[:, 0] = state[:, 1]
        self._publish(X, classes, epochs, rows.dtype, (state, 0, problem.moments))
        if stopped:
            raise stopped
        if far:
            text = f"still far from the minimum after {epochs} epochs: raise max_iter, alpha or tol"
            warnings.warn(text, ConvergenceWarning, stacklevel=2)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on these rows, going on from the last call; return self.

        classes: (n_classes,), all there will be; needed in the first call only.
        """
        first = not hasattr(self, "_state")
        if not first:
            validate_data(self, X, reset=False, skip_check_array=True)
        rows, labels, weights = self._checked(X, y, sample_weight)
        known = self._known(classes, labels, first)
        positives, d = (known[1:] if len(known) == 2 else known), rows.shape[1]
        new = np.zeros((len(positives), 2, d + 1)), 0, (0, 0, 0)
        state, before, old = new if first else self._state
        state, problem = state.copy(), self._problem(rows, weights, moments(rows, weights, old))
        # Of few rows deviations are not known well.
        step = self._step(d) * min(1, problem.moments[0] / 32)
        random = check_random_state(self.random_state)
        for pair, positive in zip(state, positives, strict=True):
            problem.begin(labels == positive, None)
            pair[0], pair[1], seen = problem.train(*pair, before, step, 1, random)
        if not np.isfinite(state).all():
            raise ValueError(f"training diverges with steps of {step:.3g}: choose a smaller eta0")
        return self._publish(X, known, 1, rows.dtype, (state, seen, problem.moments))

    def _known(self, classes, labels, first):
        """Return all classes that partial_fit is to know; ValueError if there are others."""
        if self.class_weight == "balanced":
            raise ValueError("class_weight: partial_fit cannot know what is balanced; give a dict")
        if first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        known = classes_of(np.asarray(classes)) if first else self.classes_
        if classes is not None and not np.array_equal(np.unique(classes), known):
            raise ValueError(f"classes={classes} is not the same as on last call: {known}")
        if len(unknown := np.setdiff1d(labels, known)):
            raise ValueError(f"y has classes that were not passed before: {unknown}")
        return known

    def _step(self, d):
        return self.eta0 or 1 / (4 + 4 * d)

    def _problem(self, rows, weights, known=None):
        jobs = self.n_jobs or 1
        jobs = jobs if jobs > 0 else max(1, cpu_count() + 1 + jobs)
        return Problem(rows, weights, self.alpha, bool(self.fit_intercept), jobs, known)

    def _check_parameters(self):
        numbers = {"alpha": (Real, 0), "max_iter": (Integral, 1)}
        optional = {"tol": (Real, 0), "eta0": (Real, 1e-300), "n_jobs": (Integral, -np.inf)}
        for name, (kind, least) in (numbers | optional).items():
            value = getattr(self, name)
            right = isinstance(value, kind) and least <= value < np.inf
            if not (right or (value is None and name in optional)):
                raise ValueError(f"{name}={value!r} is out of its range")

    def _checked(self, X, y, sample_weight):
        """Return rows, classes and weights, without rows of weight 0."""
        self._check_parameters()
        # In many rows values that are not finite are found when they have spoiled a gradient.
        options = {"dtype": [np.float64, np.float32], "order": "C", "estimator": self}
        X, y = check_X_y(X, y, ensure_all_finite=False, **options)
        weights = np.ones(len(X), X.dtype)
        if sample_weight is not None:
            weights = check_array(sample_weight, dtype=X.dtype, ensure_2d=False, copy=True)
        if weights.shape != (len(X),):
            raise ValueError("sample_weight must have a weight for each row")
        if self.class_weight is not None:
            some = weights > 0
            weights[some] *= compute_sample_weight(self.class_weight, y[some])
        if (weights < 0).any():
            raise ValueError("sample_weight and class_weight must not be negative")
        if len(X) < MANY or not weights.all():
            check_finite(X)
            X, y, weights = X[weights > 0], y[weights > 0], weights[weights > 0]
        if not len(X):
            raise ValueError("sample_weight is zero for all rows")
        return X, y, weights

    def _publish(self, X, classes, epochs, dtype, state):
        validate_data(self, X, skip_check_array=True)  # sets n_features_in_ and feature_names_in_
        self.classes_, self.n_iter_, self._state = classes, epochs, state
        answers = state[0][:, 1].astype(dtype)
        self.coef_, self.intercept_ = answers[:, :-1], answers[:, -1]
        return self

    def decision_function(self, X):
        """Return the margins of X (n, n_features): (n,), or (n, n_classes) of more than two."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        margins = X @ self.coef_.T + self.intercept_
        return margins if len(self.classes_) > 2 else margins[:, 0]

    def predict(self, X):
        """Return the class of the largest margin (n,)."""
        margins = self.decision_function(X)
        return self.classes_[margins.argmax(axis=1) if margins.ndim > 1 else (margins > 0) * 1]

    def predict_log_proba(self, X):
        """Return the logarithm of the chance of each class (n, n_classes)."""
        margins = self.decision_function(X)
        if margins.ndim == 1:
            return log_expit(np.column_stack([-margins, margins]))
        return log_softmax(log_expit(margins), axis=1)

    def predict_proba(self, X):
        """Return the chance of each class (n, n_classes); of several, scaled to a sum of 1."""
        return np.exp(self.predict_log_proba(X))
