"""What the estimator promises beside its answers: bits, threads, signals, errors, and the GIL."""

import multiprocessing
import os
import signal
import subprocess
import sys
import sysconfig
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed (make peers)")
from joblib import Parallel, delayed
from sklearn.datasets import load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils.estimator_checks import check_estimator

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "build"))
from local_sgd import LocalSGDClassifier, _problem  # noqa: E402 - it is found now

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def made_up(n, d, dtype=np.float32, seed=0):
    random = np.random.default_rng(seed)
    X = random.standard_normal((n, d), dtype=dtype)
    chance = 1 / (1 + np.exp(-X @ random.standard_normal(d) / d**0.5))
    return X, (random.random(n) < chance).astype(int)


LARGE = made_up(70_000, 20)


def bits(n_jobs=2, data=LARGE):
    model = LocalSGDClassifier(n_jobs=n_jobs, max_iter=2, tol=None, random_state=5).fit(*data)
    return model.coef_.tobytes() + model.intercept_.tobytes()


@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_s_own_checks():
    results = check_estimator(LocalSGDClassifier(), on_fail=None, on_skip=None)
    assert [r["check_name"] for r in results if r["status"] not in ("passed", "skipped")] == []
    assert len(results) > 50


def test_the_same_bits_wherever_it_runs(monkeypatch):
    expected = bits()
    assert expected != bits(n_jobs=1)
    X, y = LARGE
    for copy in X.copy(), np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2]:
        assert bits(data=(copy, y)) == expected
    assert Parallel(2, "threading")(delayed(bits)() for _ in range(4)) == [expected] * 4
    with multiprocessing.get_context("fork").Pool(1) as pool:  # after a fit on two threads
        assert pool.apply_async(bits).get(timeout=60) == expected
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(bits, [2] * 8)) == {expected}
    monkeypatch.setattr(_problem, "cpu_count", lambda: 1)
    assert bits() == expected


def test_every_kernel_gives_the_same_answer(monkeypatch):
    answers = []
    for level in "", "_v3", "_v4":
        module = f"local_sgd._kernel{level}"
        if module <= _problem.KERNEL.__name__:  # what this processor can run
            monkeypatch.setattr(_problem, "KERNEL", import_module(module))
            for X in LARGE[0], LARGE[0].astype(float):
                model = LocalSGDClassifier(max_iter=2, tol=None, random_state=0)
                answers.append(model.fit(X, LARGE[1]).coef_)
    for answer in answers:
        np.testing.assert_allclose(answer, answers[0], atol=1e-4)


def test_classes_chances_and_weights():
    X, y = made_up(2000, 6, float)
    names = np.array(["no", "yes"])[y]
    model = LocalSGDClassifier(random_state=0).fit(X, names)
    chances = model.predict_proba(X)
    assert chances.shape == (2000, 2) and (abs(chances.sum(axis=1) - 1) < 1e-12).all()
    np.testing.assert_allclose(np.log(chances), model.predict_log_proba(X))
    assert (model.predict(X) == model.classes_[chances.argmax(axis=1)]).all()
    assert not LocalSGDClassifier(fit_intercept=False).fit(X, y).intercept_.any()

    y = (X[:, 0] > 1).astype(int)
    balanced = len(y) / 2 / np.bincount(y)
    options = {"random_state": 0, "max_iter": 5, "tol": None}
    by_class = [
        LocalSGDClassifier(class_weight=one, **options).fit(X, y).coef_.tobytes()
        for one in ("balanced", dict(enumerate(balanced)))
    ]
    by_row = LocalSGDClassifier(**options).fit(X, y, sample_weight=balanced[y])
    assert by_class == [by_row.coef_.tobytes()] * 2
    with pytest.raises(ValueError, match="Only binary"):  # of the rows that count
        LocalSGDClassifier().fit(X, y, sample_weight=y)


def test_a_fit_that_fails_changes_nothing():
    X, y = made_up(500, 5)
    bad, wide = X.copy(), made_up(500, 7)[0]
    bad[7, 2] = np.nan
    many = LARGE[0].copy()
    many[-1, 3] = np.inf
    faults = [(bad, y), (many, LARGE[1]), (wide, y * 0), (X, y + 0.5), (X, y[1:])]
    model = LocalSGDClassifier().fit(X, y)
    before = vars(model).copy()
    for fit in model.fit, model.partial_fit:
        for fault in faults:
            with pytest.raises(ValueError):
                fit(*fault)
            assert vars(model) == before
    for name, value in {"alpha": -1, "max_iter": 0, "tol": -1, "n_jobs": 0.5}.items():
        with pytest.raises((TypeError, ValueError), match=name):
            LocalSGDClassifier(**{name: value}).fit(X, y)


@pytest.mark.parametrize("step", [1e-300, 1e-6, 1e3])
def test_a_step_that_does_not_fit_is_mended_or_told_of(monkeypatch, step):
    X, y = made_up(3000, 10, float)
    best = LocalSGDClassifier(random_state=0).fit(X, y).score(X, y)
    monkeypatch.setattr(_problem, "STEP", step)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = LocalSGDClassifier(max_iter=100, random_state=0).fit(X, y)
    assert caught or (abs(model.score(X, y) - best) < 0.01 and step > 1e-300)
    with pytest.warns(ConvergenceWarning):
        monkeypatch.setattr(_problem, "STEP", 1e300)
        LocalSGDClassifier(tol=None, max_iter=3).fit(X, y)


@pytest.mark.parametrize("size", [1, 8, 32])
def test_partial_fit_has_no_dips(size):
    X, y = made_up(3000 * size + 2000, 10)
    X, (test, labels) = X * 10 + 3, (X[-2000:] * 10 + 3, y[-2000:])
    model, scores = LocalSGDClassifier(random_state=0), []
    for i in range(3000):
        part = slice(i * size, (i + 1) * size)
        model.partial_fit(X[part], y[part], classes=[0, 1])
        if i * size >= 2000 and i % 16 < 2:
            scores.append(model.score(test, labels))
    best = LocalSGDClassifier(random_state=0).fit(X, y).score(test, labels)
    assert min(scores) > best - 0.05 and scores[-1] > best - 0.02


def test_the_gil_is_released(monkeypatch):
    """Another thread counts on while this one is in the kernel.

    With an endless switch interval nobody gets the GIL who is not given it.
    """
    count, done, inside = [0], [], []
    epoch, interval = _problem.KERNEL.epoch, sys.getswitchinterval()

    def counting():
        while not done:
            count[0] += 1
            time.sleep(1e-4)  # gives the GIL away

    def counted(*arguments):
        before = count[0]
        epoch(*arguments)
        inside.append(count[0] - before)

    monkeypatch.setattr(_problem, "KERNEL", SimpleNamespace(epoch=counted))
    other = threading.Thread(target=counting)
    sys.setswitchinterval(1000)
    try:
        other.start()
        LocalSGDClassifier(max_iter=300, tol=None).fit(*LARGE)
    finally:
        sys.setswitchinterval(interval)
        done.append(True)
        other.join()
    assert any(inside)


def test_more_classes_one_against_the_rest():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="Only binary"):
        LocalSGDClassifier().fit(X, y)
    model = OneVsRestClassifier(LocalSGDClassifier(random_state=0)).fit(X, y)
    assert model.predict_proba(X).shape == (150, 3) and model.score(X, y) > 0.9


@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is not signal.default_int_handler, reason="Ctrl-C is ignored"
)
def test_ctrl_c_leaves_everything_as_it_was():
    model = LocalSGDClassifier(max_iter=10**7, tol=None, n_jobs=2)
    threading.Timer(1, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(*LARGE)
    assert not hasattr(model, "coef_")


def test_it_is_built_without_openmp_and_with_flags_in_quotes(tmp_path):
    flags = {"CFLAGS": "-O1 -DTEXT='two words'", "OPENMP_CFLAGS": "-fno-such-flag"}
    build = ["build_ext", "-b", str(tmp_path), "-t", str(tmp_path / "temp")]
    command = [sys.executable, "setup.py", "-q", *build]
    subprocess.run(command, cwd=HERE, env=os.environ | flags, check=True, timeout=300)
    module = tmp_path / "local_sgd" / f"_kernel{sysconfig.get_config_var('EXT_SUFFIX')}"
    assert b"GOMP_parallel" not in module.read_bytes() and b"kmpc" not in module.read_bytes()


def test_what_cannot_be_trained_is_not_silent():
    X, y = make_classification(2000, 5, random_state=0)
    for model, rows in (
        (LocalSGDClassifier(), X * 1e155),
        (LocalSGDClassifier(class_weight={0: -1}), X),
    ):
        with pytest.raises(ValueError):
            model.fit(rows, y)


def test_a_weight_counts_in_partial_fit():
    X, y = make_classification(64, 5, random_state=0)
    moved = []
    for weight in 0.1, 1:
        model = LocalSGDClassifier().partial_fit(X, y, classes=[0, 1])
        before = model.coef_.copy()
        model.partial_fit(X[:1], y[:1], sample_weight=[weight])
        moved.append(np.abs(model._state[0][:-1] - before).max())
    assert moved[0] != moved[1]
