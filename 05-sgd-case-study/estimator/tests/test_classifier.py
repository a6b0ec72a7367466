"""python test_classifier.py, where the package is installed."""

import pickle
import signal
import sys
import threading
import time
import unittest
import unittest.mock
import warnings

import numpy as np
from joblib import parallel_backend
from local_sgd import LocalSGDClassifier, _kernel
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator


def tumours(dtype=float):
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X).astype(dtype), y


def made_up(n, features, dtype=np.float32, seed=0):
    random = np.random.default_rng(seed)
    X = random.standard_normal((n, features), dtype=dtype)
    weights = random.standard_normal(features) / np.sqrt(features)
    return X, (random.random(n) < 1 / (1 + np.exp(-X @ weights))).astype(int)


def objective(model, X, y, alpha=1e-4):
    margins = np.where(y == model.classes_[1], 1, -1) * (X.astype(float) @ model.coef_[0])
    return np.logaddexp(0, -margins).mean() + alpha / 2 * (model.coef_.astype(float) ** 2).sum()


class Checks(unittest.TestCase):
    def test_scikit_learn_s_own(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = check_estimator(LocalSGDClassifier(), on_fail=None, on_skip=None)
        bad = [r["check_name"] for r in results if r["status"] not in ("passed", "skipped")]
        self.assertEqual(bad, [])
        self.assertGreater(len(results), 50)


class Answers(unittest.TestCase):
    def test_near_the_optimum_for_any_shape_and_number_of_threads(self):
        for n, features in (200, 3), (5000, 17), (5000, 64), (70_000, 5), (70_001, 33):
            for dtype in np.float32, np.float64:
                X, y = made_up(n, features, dtype)
                exact = LogisticRegression(C=1 / (1e-4 * n), fit_intercept=False, tol=1e-8).fit(
                    X, y
                )
                for threads in 1, 3:
                    options = {"fit_intercept": False, "tol": 1e-6, "random_state": 0}
                    model = LocalSGDClassifier(n_jobs=threads, **options).fit(X, y)
                    self.assertEqual(model.coef_.dtype, dtype)
                    gap = objective(model, X, y) / objective(exact, X, y) - 1
                    self.assertLess(abs(gap), 3e-3, (n, features, dtype, threads))

    def test_the_same_bits_for_the_same_threads_also_from_copies(self):
        X, y = made_up(70_000, 20)
        fit = LocalSGDClassifier(n_jobs=3, random_state=5, max_iter=2, tol=None).fit
        first = fit(X, y).coef_
        for other in X.copy(), np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2]:
            again = LocalSGDClassifier(n_jobs=3, random_state=5, max_iter=2, tol=None).fit(other, y)
            self.assertEqual(first.tobytes(), again.coef_.tobytes())

    def test_classes_intercept_and_probabilities(self):
        X, y = load_digits(return_X_y=True)
        names = np.array([f"class {i}" for i in range(10)])
        model = LocalSGDClassifier(random_state=0).fit(X + 100, names[y])  # far from the origin
        self.assertEqual((model.coef_.shape, model.intercept_.shape), ((10, 64), (10,)))
        scaled = LocalSGDClassifier(random_state=0).fit(X, names[y])
        self.assertGreater(scaled.score(X, names[y]), 0.95)
        chances = scaled.predict_proba(X)
        np.testing.assert_allclose(chances.sum(axis=1), 1)
        self.assertTrue((scaled.predict(X) == scaled.classes_[chances.argmax(axis=1)]).all())
        self.assertEqual(LocalSGDClassifier(fit_intercept=False).fit(X, y).intercept_.any(), False)

    def test_sample_weight_is_repetition(self):
        X, y = made_up(4000, 10)
        importance = np.random.default_rng(0).integers(0, 4, len(y))  # some are 0
        model = LocalSGDClassifier(tol=None, max_iter=64, random_state=0)
        model.fit(X, y, sample_weight=importance)
        repeated = clone(model).fit(X.repeat(importance, 0), y.repeat(importance))
        without = clone(model).fit(X, y)
        far = [np.abs(model.coef_ - other.coef_).max() for other in (repeated, without)]
        self.assertLess(far[0], far[1] / 4)
        with self.assertRaisesRegex(ValueError, "[Nn]egative"):
            LocalSGDClassifier().fit(X, y, sample_weight=-np.ones(len(y)))

    def test_constant_columns_and_few_rows(self):
        X, y = tumours(np.float32)
        X[:, 3] = 0
        model = LocalSGDClassifier(random_state=0).fit(X, y)
        self.assertEqual(model.coef_[0, 3], 0)
        few = LocalSGDClassifier().fit(X[:20], y[:20])
        self.assertGreaterEqual(few.score(X[:20], y[:20]), 0.9)
        self.assertEqual(
            LocalSGDClassifier(n_jobs=8).fit(X[:2], [0, 1]).predict(X[:2]).tolist(), [0, 1]
        )

    def test_large_penalties_and_weights_for_any_width(self):
        for features, dtype in (10, np.float32), (16, np.float32), (10, np.float64):
            X, y = made_up(2000, features, dtype)
            y[:400] = 1
            for alpha, weight in (1, 1), (100, 1), (1e4, 1), (1e-4, 1e4):
                model = LocalSGDClassifier(alpha=alpha, tol=1e-6, random_state=0)
                model.fit(X, y, sample_weight=np.full(len(y), weight))
                exact = LogisticRegression(C=1 / (alpha * len(y)), tol=1e-8).fit(X, y)
                losses = [log_loss(y, fitted.predict_proba(X)) for fitted in (model, exact)]
                self.assertLess(losses[0], losses[1] * 1.02, (features, dtype, alpha, weight))

    def test_chances_where_all_are_against_each_class(self):
        X, y = load_digits(return_X_y=True)
        model = LocalSGDClassifier(random_state=0).fit(X.astype(np.float32), y)
        model.intercept_ -= 1e5
        np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)

    def test_correlated_features(self):
        random = np.random.default_rng(0)
        X = random.standard_normal((20_000, 100)) @ random.standard_normal((100, 100)) / 10
        X = StandardScaler().fit_transform(X + 3 * random.standard_normal((20_000, 1)))
        y = (X @ random.standard_normal(100) / 3 + random.standard_normal(20_000) > 0).astype(int)
        options = {"alpha": 1e-4, "fit_intercept": False}
        model = LocalSGDClassifier(tol=1e-6, random_state=0, **options).fit(X, y)
        exact = LogisticRegression(C=1 / (1e-4 * len(y)), fit_intercept=False, tol=1e-8).fit(X, y)
        self.assertLess(objective(model, X, y) / objective(exact, X, y), 1.003)

    def test_few_rows_of_much_weight(self):
        X, y = made_up(100_000, 16)
        random = np.random.default_rng(5)
        weight = np.where(random.random(len(y)) < 1e-4, 1e4, 1)
        model = LocalSGDClassifier(random_state=0).fit(X, y, sample_weight=weight)
        exact = LogisticRegression(C=1e9).fit(X, y, sample_weight=weight)
        chances = (fitted.predict_proba(X) for fitted in (model, exact))
        losses = [log_loss(y, each, sample_weight=weight) for each in chances]
        self.assertLess(losses[0], losses[1] * 1.2)

    def test_outliers_outside_of_the_sample(self):
        X, y = made_up(100_000, 8)
        X[1:50:2] *= 1e4
        model = LocalSGDClassifier(max_iter=5, tol=None, random_state=0).fit(X, y)
        self.assertEqual(model.n_iter_, 5)
        self.assertTrue(model.coef_.any())


class Going_on(unittest.TestCase):
    def test_without_an_intercept_after_one(self):
        for dtype in np.float32, np.float64:
            X, y = made_up(3000, 16, dtype)
            y[:1000] = 1
            model = LocalSGDClassifier(warm_start=True, random_state=0).fit(X, y)
            self.assertNotEqual(model.intercept_[0], 0)
            model.set_params(fit_intercept=False).fit(X, y)
            self.assertEqual(model.intercept_[0], 0)
            new = LocalSGDClassifier(fit_intercept=False, random_state=0).fit(X, y)
            self.assertLess(abs(objective(model, X, y) / objective(new, X, y) - 1), 0.01)

    def test_partial_fit_that_failed_can_be_repeated(self):
        X, y = made_up(1000, 5)
        model = LocalSGDClassifier(random_state=0)
        with self.assertRaisesRegex(ValueError, "not passed before"):
            model.partial_fit(X, y + 1, classes=[0, 1])
        model.partial_fit(X, y + 1, classes=[1, 2])
        with self.assertRaisesRegex(ValueError, "not the same as on last call"):
            model.partial_fit(X, y + 1, classes=[1, 2, 3])
        before = model.coef_.copy()
        model.partial_fit(X * 1000, y + 1)  # with a smaller step
        self.assertTrue((model.coef_ != before).any())

    def test_partial_fit_and_warm_start(self):
        X, y = made_up(40_000, 8)
        model = LocalSGDClassifier(random_state=0)
        for part in np.array_split(np.arange(len(X)), 20):
            model.partial_fit(X[part], y[part], classes=[0, 1])
        whole = LocalSGDClassifier(random_state=0).fit(X, y)
        self.assertLess(abs(model.score(X, y) - whole.score(X, y)), 0.01)
        with self.assertRaisesRegex(ValueError, "classes that were not passed before"):
            model.partial_fit(X[:5], y[:5] + 7)
        with self.assertRaisesRegex(ValueError, "classes must be passed"):
            LocalSGDClassifier().partial_fit(X, y)
        warm = LocalSGDClassifier(warm_start=True, random_state=0).fit(X, y)
        before = warm.coef_.copy()
        warm.set_params(max_iter=1, tol=None).fit(X, y)
        self.assertLess(np.abs(warm.coef_ - before).max(), 0.1 * np.abs(before).max())

    def test_clone_and_pickle(self):
        X, y = tumours()
        model = LocalSGDClassifier(alpha=0.01, random_state=3).fit(X, y)
        again = pickle.loads(pickle.dumps(model))
        self.assertEqual(again.predict_proba(X).tobytes(), model.predict_proba(X).tobytes())
        self.assertEqual(clone(model).get_params(), model.get_params())

    def test_grid_search_on_threads_and_processes(self):
        X, y = tumours()
        found = []
        for backend in "threading", "loky":
            search = GridSearchCV(
                LocalSGDClassifier(random_state=0), {"alpha": [1e-4, 1e-2]}, n_jobs=2
            )
            with parallel_backend(backend):
                found.append(search.fit(X, y).cv_results_["mean_test_score"].tolist())
        self.assertEqual(*found)


class Bad_input(unittest.TestCase):
    def test_is_refused_by_name(self):
        X, y = tumours()
        for value, name in (np.nan, "NaN"), (np.inf, "infinity"):
            bad = X.copy()
            bad[7, 2] = value
            with self.assertRaisesRegex(ValueError, name):
                LocalSGDClassifier().fit(bad, y)
        with self.assertRaisesRegex(ValueError, "one class"):
            LocalSGDClassifier().fit(X, np.ones(len(y)))
        model = LocalSGDClassifier()
        with self.assertRaisesRegex(ValueError, "NaN"):
            model.fit(bad * np.nan, y)
        with self.assertRaises(NotFittedError):
            model.predict(X)
        model.fit(X, y)
        with self.assertRaisesRegex(ValueError, "NaN"):
            model.fit(bad * np.nan, 1 - y)
        self.assertGreater(model.score(X, y), 0.9)  # it is as it was
        with self.assertRaisesRegex(ValueError, "zero"):
            model.fit(X, y, sample_weight=np.zeros(len(y)))
        for dtype, scale in (np.float32, 1e30), (np.float64, 1e200):
            try:  # it finds a step size, or says what to do
                model = LocalSGDClassifier().fit((X * scale).astype(dtype), y)
            except ValueError as error:
                self.assertIn("scale X", str(error))
            else:
                self.assertTrue(np.isfinite(model.coef_).all())
        with self.assertRaisesRegex(ValueError, r"diverged with eta0=1e\+03: try eta0="):
            LocalSGDClassifier(eta0=1000).fit(X * 1000, y)
        with self.assertRaisesRegex(ValueError, "alpha"):
            LocalSGDClassifier(alpha=-1).fit(X, y)

    def test_arrays_that_do_not_fit_the_kernel_are_refused(self):
        X, order = np.ones((64, 16), np.float32), np.arange(2, dtype=np.uint32)
        ones = np.ones(64, np.float32)
        good = {"X": X, "labels": ones, "importance": ones, "order": order, "block": 32}
        good |= {"piece": 0, "pieces": 1, "size": 0.1, "alpha": 0, "fit_intercept": True}
        good |= {"workers": np.zeros((1, 2, 18), np.float32)}
        _kernel.train(**good)
        for bad in (
            {"labels": ones[1:]},
            {"importance": ones[1:]},
            {"block": 31},
            {"order": order + 1},
            {"piece": 1},
            {"X": X[:, :0]},
            {"workers": np.zeros((1, 2, 17), np.float32)},
            {"workers": np.zeros((1, 1, 18), np.float32)},
        ):
            with self.assertRaises(ValueError, msg=bad):
                _kernel.train(**good | bad)


class The_GIL(unittest.TestCase):
    def test_is_released(self):
        """Two threads are in the kernel at once: one goes in and out while the other is inside.

        With an endless switch interval nobody gets the GIL who is not given it.
        """
        calls, done, both = [0], [False], []  # calls: odd while the long one is inside

        def arguments(n):
            X, y = made_up(n, 32)
            order, ones = np.arange(n, dtype=np.uint32), np.ones(n, np.float32)
            workers = np.zeros((1, 2, 34), np.float32)
            return X, (2 * y - 1).astype(np.float32), ones, order, 1, 0, 1, 1e-3, 0.0, True, workers

        def go_in_and_out():
            while not done[0]:
                before = calls[0]
                _kernel.train(*few)
                both.append(before % 2 == 1 and calls[0] == before)
                time.sleep(1e-4)  # gives the GIL away

        many, few = arguments(70_000), arguments(32)
        other, interval = threading.Thread(target=go_in_and_out), sys.getswitchinterval()
        sys.setswitchinterval(1000)
        try:
            other.start()
            for _ in range(10_000):  # a call takes some milliseconds
                calls[0] += 1
                _kernel.train(*many)
                calls[0] += 1
                if any(both):
                    break
        finally:
            sys.setswitchinterval(interval)
            done[0] = True
            other.join()
        self.assertTrue(any(both))

    @unittest.skipIf(signal.getsignal(signal.SIGINT) is not signal.default_int_handler, "no Ctrl-C")
    def test_ctrl_c_keeps_the_weights_so_far(self):
        X, y = made_up(400_000, 32)
        model = LocalSGDClassifier(max_iter=10**6, tol=None, eta0=1e-3, n_jobs=2)
        threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
        with self.assertRaises(KeyboardInterrupt):
            model.fit(X, y)
        self.assertTrue(model.coef_.any() and np.isfinite(model.coef_).all())
        self.assertGreater(model.score(X, y), 0.6)
        self.assertGreater(model.n_iter_, 0)

    def test_ctrl_c_while_it_diverges(self):
        model = LocalSGDClassifier(warm_start=True).fit(*tumours())
        before = model.coef_.copy()

        def interrupted(problem, *_):
            problem.weights[:] = np.nan
            raise KeyboardInterrupt

        interrupt = unittest.mock.patch("local_sgd._classifier.Problem.train_epoch", interrupted)
        with interrupt, self.assertRaises(KeyboardInterrupt):
            model.fit(*tumours())
        self.assertEqual((model.coef_ - before).any(), False)
        self.assertGreater(model.fit(*tumours()).n_iter_, 0)

    def test_ctrl_c_before_a_step_size_is_found(self):
        model, stopped = LocalSGDClassifier(), {"side_effect": KeyboardInterrupt}
        search = unittest.mock.patch("local_sgd._classifier.find_step_size", **stopped)
        with search, self.assertRaises(KeyboardInterrupt):
            model.fit(*tumours())
        self.assertEqual((model.eta0_, model.coef_.any()), ([None], False))


if __name__ == "__main__":
    unittest.main()
