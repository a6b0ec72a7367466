"""The estimator; its loops are in _kernel.pyx."""

import warnings
from numbers import Integral, Real

import numpy as np
from joblib import effective_n_jobs
from scipy.special import expit, log_expit, softmax
from sklearn.base import BaseEstimator, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.utils import assert_all_finite, check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, validate_data

from local_sgd import _kernel

BLOCK = 512  # rows that are visited together, where there are many
MANY = 2**16  # rows; fewer are shuffled first, and visited a batch at a time
SAMPLE = 8192  # rows that the objective is watched on
PIECE = 2**22  # values, 16 a row at least, that a worker visits between two looks for Ctrl-C


def power_of_two(n):
    """Return the largest power of two that is not larger than n; 0 of 0."""
    return 2 ** (n.bit_length() - 1) if n else 0


def classes_of(y):
    """Return the classes in y, sorted; ValueError if there is one only, or if these are none."""
    if y.dtype.kind in "iuf" and len(y):  # two numbers, as mostly: without sorting all of y
        ends = np.array([y.min(), y.max()])
        whole = ends[0] < ends[1] and (ends % 1 == 0).all()
        if whole and ((y == ends[0]) | (y == ends[1])).all():
            return ends
    check_classification_targets(y)
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(f"at least two classes are needed, and y has only one class: {classes}")
    return classes


def arranged(X, y, importance, seed):
    """Return rows as the kernel takes them, their classes and weights, and the next seed.

    Rows of weight 0 are left out. Few rows are shuffled; rows of float32 are filled up with zeros.
    """
    if not importance.all():
        assert_all_finite(X, input_name="X", estimator_name="LocalSGDClassifier")
        X, y, importance = (array[importance > 0] for array in (X, y, importance))
    if len(X) < MANY:
        order = np.arange(len(X), dtype=np.uint32)
        seed = _kernel.shuffle(order, seed)
        X, y, importance = X[order], y[order], importance[order]
    if X.dtype == np.float32 and X.shape[1] % _kernel.PADDING:
        X = np.pad(X, ((0, 0), (0, -X.shape[1] % _kernel.PADDING)))
    return X, y, importance, seed


class Problem:
    """Rows of two classes, and what local SGD has made of them so far.

    X: float32 or float64 (n, d), C-contiguous. labels: (n,), +1 or -1. importance: (n,). features:
    d, or less if the others are zeros. state: what state() returned, to go on from there.
    """

    def __init__(self, X, labels, importance, features, threads, state=None):
        n, d = X.shape
        self.rows, self.used = (X, labels, importance), [*range(features), d]
        self.block = _kernel.ROWS_OF_A_BATCH if n < MANY else BLOCK
        self.order = np.arange(-(-n // self.block), dtype=np.uint32)
        # So far apart that no two threads write to one cache line.
        self.workers = np.zeros((min(threads, -(-n // BLOCK)), 2, d + 64), X.dtype)
        self.weights, self.sums = self.workers[:, 0, : d + 1], self.workers[:, 1, : d + 2]
        self.pieces = 2 * max(1, n * max(d, 16) // (2 * PIECE * len(self.workers)))
        seen = np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.intp)
        self.sample = X[seen], labels[seen], importance[seen]
        self.go_on(state or (0, 0, 0, None))

    def go_on(self, state):
        """Go on from what state() returned."""
        self.workers[:], self.answer = 0, np.zeros(self.weights.shape[1])
        self.weights[:, self.used], self.answer[self.used], self.epochs, eta0 = state
        self.begin_with(eta0)

    def begin_with(self, eta0):
        """Make this the step size."""
        self.eta0 = self.size = eta0

    def state(self):
        """Return weights and intercept, their average, the epochs, and the first step size."""
        return self.weights[0, self.used], self.answer[self.used], self.epochs, self.eta0

    def loss(self, alpha):
        """Return the mean logistic loss of the sample, and alpha/2 |weights|^2."""
        X, labels, importance = self.sample
        weights = self.answer.astype(X.dtype)
        with np.errstate(all="ignore"):  # of a training that diverges
            margins = labels * (np.einsum("ij,j->i", X, weights[:-1]) + weights[-1])
            # log(1 + exp(-margin)); np.logaddexp takes five times as long.
            losses = np.maximum(-margins, 0) + np.log1p(np.exp(-np.abs(margins)))
            loss = np.average(losses, weights=importance)
            return loss + alpha / 2 * (self.answer[:-1] ** 2).sum()

    def train_epoch(self, alpha, fit_intercept, seed):
        """Visit all rows once; return the next seed. Answers also when Ctrl-C ends it early."""
        seed = _kernel.shuffle(self.order, seed)
        how = self.size, alpha, fit_intercept, self.workers
        sums = np.zeros(self.sums.shape[1])
        try:
            for piece in range(self.pieces):  # between two calls Python looks for Ctrl-C
                self.sums[:] = 0
                _kernel.train(*self.rows, self.order, self.block, piece, self.pieces, *how)
                if piece >= self.pieces // 2:
                    sums += self.sums.sum(axis=0, dtype=float)
        finally:
            self.combine(sums)
        return seed

    def combine(self, sums):
        """Average the workers; and the answer since the last power of two of the epochs."""
        self.weights[:] = self.weights.mean(axis=0, dtype=float)
        if sums[-1] == 0:  # interrupted too early
            sums = np.append(self.weights[0], 1)
        before = self.epochs - power_of_two(self.epochs)
        self.answer = (self.answer * before + sums[:-1] / sums[-1]) / (before + 1)
        self.epochs += 1


def find_step_size(problem, alpha, fit_intercept):
    """Return the step size that does best on a sample of at most 8,192 rows.

    From 1 / the mean of a row's squared length times its weight it is halved, or else doubled, for
    as long as the objective gets smaller (Bottou 2012, section 5.2: try it on a small sample).
    """
    X, _, importance = problem.sample
    trial = Problem(*problem.sample, len(problem.used) - 1, 1)
    epochs = min(max(SAMPLE // len(X), 1), 64)

    def after(size):
        seed = 0
        trial.go_on((0, 0, 0, size))
        for _ in range(epochs):
            seed = trial.train_epoch(alpha, fit_intercept, seed)
        loss = trial.loss(alpha)
        return loss if np.isfinite(loss) else np.inf

    squares = np.einsum("ij,ij->i", X, X, dtype=float)
    size = max(len(X), trial.block) / max(squares @ importance, 1e-30)
    best = after(size)
    if best == np.inf:
        assert_all_finite(X, input_name="X", estimator_name="LocalSGDClassifier")
    while best == np.inf and size > np.finfo(X.dtype).tiny:
        size /= 16
        best = after(size)
    for factor in 0.5, 2:
        while (loss := after(size * factor)) < best:
            best, size = loss, size * factor
    if best == np.inf or size < np.finfo(X.dtype).tiny * 1e8:
        raise ValueError(
            f"no step size works: X has values as large as {np.abs(X).max():.3g}, weights of rows "
            f"{importance.max():.3g}, and alpha is {alpha:.3g}; scale X, for instance with "
            "sklearn.preprocessing.StandardScaler"
        )
    return size


class LocalSGDClassifier(LinearClassifierMixin, BaseEstimator):
    """Logistic regression by local SGD: parallel stochastic gradient descent without the GIL.

    It minimises the mean logistic loss of the rows plus alpha/2 |coef_|^2. Each of `n_jobs` threads
    trains weights of its own on its part of the rows, in batches of 32; after each epoch they are
    averaged (McDonald et al. 2010; Stich 2019). The answer is the average over the second half of
    the epochs' batches (Polyak and Juditsky 1992; Bottou 2012). It is the same to the last bit for
    the same data, `random_state` and `n_jobs`. More than two classes: one against the rest.

    Fewer than 65,536 rows are shuffled; then their batches are visited in an order drawn anew each
    epoch. More rows are visited in blocks of 512, as they are: shuffle them first if they are
    sorted. With at most 32 rows, a batch, training is gradient descent.

    As for every SGD, scale the features, with sklearn.preprocessing.StandardScaler, say. Where they
    are strongly correlated and alpha is small, `tol` ends training far from the optimum: make it
    smaller, or take LogisticRegression.

    Parameters
    ----------
    alpha : float, default=1e-4
        Weight of the L2 penalty. The intercept has none.
    fit_intercept : bool, default=True
    max_iter : int, default=1000
        Most epochs. A ConvergenceWarning tells when they did not suffice.
    tol : float or None, default=1e-3
        Training ends when the objective, on at most 8,192 rows, has not become smaller by more than
        this for `n_iter_no_change` epochs. None: after `max_iter` epochs.
    n_iter_no_change : int, default=5
    eta0 : float or None, default=None
        First step size, for the sum of the gradients of a batch. It is halved by each epoch that
        does not make the objective smaller by more than `tol`. None: one is found by training on at
        most 8,192 rows; it is halved, or else doubled, from 1 / the mean squared length of a row
        for as long as the objective gets smaller.
    n_jobs : int or None, default=None
        Threads, as joblib counts them: None is 1, -1 is all cores. At most one for 512 rows.
    random_state : int, RandomState or None, default=None
        Seed of the order of the rows.
    verbose : int, default=0
        Print a line for each epoch.
    warm_start : bool, default=False
        Let `fit` go on from the last one, if the classes are the same.

    Attributes
    ----------
    classes_ : ndarray (n_classes,)
    coef_ : ndarray (1, n_features) or (n_classes, n_features), of the dtype of X
    intercept_ : ndarray (1,) or (n_classes,)
    n_iter_ : int
        Epochs of the last call, the most of all classes.
    eta0_ : list of float
        The first step size of each row of coef_; None where Ctrl-C came before.
    n_features_in_ : int

    Notes
    -----
    X is copied if it is not C-contiguous, or of another dtype than float32 and float64, or if it is
    shuffled, or if it is float32 and its features are not a multiple of 16 (8, 4: the floats in a
    register), or if rows have weight 0. KeyboardInterrupt leaves the weights so far. `fit` raises
    ValueError for NaN and infinite values, for one class only, and when training diverges with the
    `eta0` that was given; the message names one to try, and the weights are as they were before. A
    process that is forked after a fit on several threads must fit on one: GNU's OpenMP would wait
    for the threads, which are not in the child.
    """

    _parameter_constraints = {  # noqa: RUF012 - as in scikit-learn
        "alpha": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "eta0": [Interval(Real, 0, None, closed="neither"), None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
    }

    def __init__(
        self,
        *,
        alpha=1e-4,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        n_iter_no_change=5,
        eta0=None,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.eta0 = eta0
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train on rows X (n, d), classes y (n,) and weights of the rows (n,); return self."""
        going_on = self.warm_start and hasattr(self, "_states")
        X, y, sample_weight = self._validated(X, y, sample_weight, reset=not going_on)
        classes = classes_of(y)
        going_on = going_on and np.array_equal(classes, self.classes_)
        states = self._states if going_on else None
        return self._train(X, y, sample_weight, classes, states, self.max_iter, self.tol)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on these rows, going on from the last call; return self.

        classes: (n_classes,), all there will be; needed in the first call only. That call also
        finds the step size: give `eta0` if its rows are few, or not typical of those to come.
        """
        first = not hasattr(self, "_states")
        X, y, sample_weight = self._validated(X, y, sample_weight, reset=first)
        if first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        known = classes_of(np.asarray(classes)) if first else self.classes_
        if classes is not None and not np.array_equal(np.unique(classes), known):
            raise ValueError(f"classes={classes} is not the same as on last call: {known}")
        if len(unknown := np.setdiff1d(y, known)):
            raise ValueError(f"y has classes that were not passed before: {unknown}")
        states = None if first else self._states
        return self._train(X, y, sample_weight, known, states, 1, None)

    def _validated(self, X, y, sample_weight, reset):
        # Values that are not finite make weights that are not: they are looked for then.
        options = {"dtype": [np.float64, np.float32], "order": "C", "ensure_all_finite": False}
        X, y = validate_data(self, X, y, reset=reset, **options)
        if sample_weight is None:
            return X, y, np.ones(len(X), X.dtype)
        positive = {"dtype": X.dtype, "ensure_non_negative": True}
        return X, y, np.ascontiguousarray(_check_sample_weight(sample_weight, X, **positive))

    def _train(self, X, y, importance, classes, states, max_iter, tol):
        """Train a problem for each row of coef_; what fails leaves the weights as they were."""
        seed = self.random_state
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(2**31)
        if not importance.any():
            raise ValueError("sample_weight is zero for all rows")
        features, threads = X.shape[1], effective_n_jobs(self.n_jobs)
        X, y, importance, seed = arranged(X, y, importance, int(seed))
        positives = classes if len(classes) > 2 else classes[1:]
        nothing = np.zeros(features + 1), np.zeros(features + 1), 0, None
        states, epochs = list(states or [nothing] * len(positives)), 0
        try:
            for i, positive in enumerate(positives):
                labels = 2 * (y == positive).astype(X.dtype) - 1
                problem = Problem(X, labels, importance, features, threads, states[i])
                if not self.fit_intercept:
                    problem.weights[:, -1] = problem.answer[-1] = 0
                try:
                    self._solve(problem, max_iter, tol, seed, positive)
                finally:
                    if np.isfinite(problem.weights).all() and np.isfinite(problem.answer).all():
                        epochs = max(epochs, problem.epochs - states[i][2])
                        states[i] = problem.state()
        except KeyboardInterrupt:
            self._publish(classes, states, epochs, X.dtype)
            raise
        return self._publish(classes, states, epochs, X.dtype)

    def _publish(self, classes, states, epochs, dtype):
        self.classes_, self._states, self.n_iter_ = classes, states, epochs
        answers = np.array([answer for _, answer, *_ in states], dtype)
        self.coef_, self.intercept_ = answers[:, :-1], answers[:, -1]
        self.eta0_ = [eta0 and float(eta0) for *_, eta0 in states]
        return self

    def _solve(self, problem, max_iter, tol, seed, positive):
        """Train until the objective gets no smaller, or for max_iter epochs."""
        how = self.alpha, self.fit_intercept
        problem.begin_with(self.eta0 or problem.eta0 or find_step_size(problem, *how))
        start, since = problem.state(), 0
        first, best = problem.loss(self.alpha), np.inf
        last = problem.epochs + max_iter
        while problem.epochs < last:
            seed = problem.train_epoch(*how, seed)
            loss = problem.loss(self.alpha)
            if self.verbose:
                print(
                    f"class {positive}, epoch {problem.epochs}: objective {loss:.6f}, "
                    f"step size {problem.size:.3g}"
                )
            if not loss <= 1.01 * first + 1:  # it diverges: go back
                problem.go_on(start)
                problem.begin_with(self._smaller_step_size(problem))
                start, since, best = problem.state(), 0, np.inf
                continue
            since = 0 if loss < best - (tol or 0) else since + 1
            best = min(best, loss)
            if since:  # as SGDClassifier does it with learning_rate="adaptive"
                problem.size /= 2
            if tol is not None and since >= self.n_iter_no_change:
                return
        if tol is not None:
            warnings.warn(
                f"no convergence after {max_iter} epochs: choose a larger max_iter or tol",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _smaller_step_size(self, problem):
        """Return one to go on with; ValueError if the one that diverges was given."""
        X, smaller = problem.rows[0], problem.eta0 / 4
        assert_all_finite(X, input_name="X", estimator_name="LocalSGDClassifier")
        if self.eta0:
            smaller = min(find_step_size(problem, self.alpha, self.fit_intercept), smaller)
            raise ValueError(
                f"training diverged with eta0={self.eta0:.3g}: try eta0={smaller:.1g}, or scale X"
            )
        if smaller < np.finfo(X.dtype).tiny:
            raise ValueError(
                f"training diverges with any step size: scale X, or lower {self.alpha=}"
            )
        return smaller

    def __sklearn_is_fitted__(self):
        return hasattr(self, "coef_")  # which no fit that failed has made

    def predict_proba(self, X):
        """Return the probability of each class (n, n_classes); of several, scaled to a sum of 1."""
        margins = self.decision_function(X)
        if margins.ndim == 1:
            return expit(np.column_stack([-margins, margins]))
        return softmax(log_expit(margins), axis=1)
