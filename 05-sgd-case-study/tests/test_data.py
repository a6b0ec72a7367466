"""The flights file: what is in it, its optimum, and that a damaged one is refused."""

import struct
from pathlib import Path

import numpy as np
import pytest
from conftest import run
from data import flights, make_flights

FILE = Path("build/flights.bin")


def test_the_data_are_the_flights_of_2013_standardised_with_the_training_rows_only(tmp_path):
    f = flights.load(FILE)
    assert (f.rows.shape, f.train) == ((327346, 32), 261632)
    assert f"{(f.labels > 0).mean():.3f}" == "0.237"
    numbers = f.rows[:, :12].astype(float)
    assert np.abs(numbers[: f.train].mean(0)).max() < 1e-4
    assert 1e-4 < np.abs(numbers[f.train :].mean(0)).max() < 0.02
    assert (f.rows[:, 12:28].sum(1) == 1).all() and (f.rows[:, 28:31].sum(1) == 1).all()
    assert (f.rows[:, 31] == 1).all()
    assert run("data/make_flights.py", tmp_path / "again").returncode == 0
    assert (tmp_path / "again").read_bytes() == FILE.read_bytes()


def test_three_times_the_data_have_other_rows_and_labels_and_nearly_the_same_optimum(tmp_path):
    done = run("data/make_flights.py", tmp_path / "3.bin", "--times", "3")
    assert done.returncode == 0 and not done.stderr.strip()  # no progress in a pipe
    one, three = flights.load(FILE), flights.load(tmp_path / "3.bin")
    n = one.train
    assert three.train == 3 * n and np.array_equal(three.rows[3 * n :], one.rows[n:])
    assert len(np.unique(three.rows[: 3 * n, :12], axis=0)) > 0.999 * 3 * n
    late = three.labels[: 3 * n].reshape(3, n).mean(1)
    assert np.abs(late - one.labels[:n].mean()).max() < 0.01
    assert abs(three.optimum - one.optimum) < 0.002


@pytest.mark.parametrize("name", ["flights", "load_breast_cancer", "load_digits"])
def test_scikit_learn_finds_the_same_optimum_and_the_same_auc(name):
    datasets = pytest.importorskip("sklearn.datasets")
    linear_model, metrics = map(pytest.importorskip, ("sklearn.linear_model", "sklearn.metrics"))
    if name == "flights":
        f = flights.load(FILE)
    else:
        X, y = getattr(datasets, name)(return_X_y=True)
        X, y = (X - X.mean(0)) / (X.std(0) + 1e-9), np.where(y > y.mean(), 1.0, -1.0)
        f = flights.Flights(X, y, len(X) * 3 // 4, 1e-3, np.nan)
    rows, labels, best = f.rows[: f.train], f.labels[: f.train], make_flights.newton(f)
    settings = {"fit_intercept": False, "tol": 1e-9, "solver": "newton-cholesky"}
    model = linear_model.LogisticRegression(C=1 / (f.lambda_ * f.train), **settings)
    theirs = flights.objective(f, model.fit(rows.astype(float), labels).coef_[0])
    assert abs(theirs / flights.objective(f, best) - 1) < 1e-6
    area = metrics.roc_auc_score(f.labels[f.train :], f.rows[f.train :] @ best)
    assert abs(flights.auc(f, best) - area) < 1e-6
    assert np.isnan(flights.auc(f._replace(labels=abs(f.labels)), best))  # only one label


def test_a_damaged_file_is_refused_in_one_line_by_c_and_by_python(tmp_path):
    good, file = FILE.read_bytes(), tmp_path / "damaged.bin"

    def put(at, form, value):
        return good[:at] + struct.pack(form, value) + good[at + struct.calcsize(form) :]

    damaged = [b"", good[:20], good[:-4], good[: len(good) // 2], good + b"x", b"hello" * 99]
    damaged += [put(8, "<I", train) for train in (0, 511, 2**32 - 512)]
    damaged += [put(16, "<I", 31), put(16, ">I", 32), put(32, "<d", np.nan), put(24, "<d", -1.0)]
    for content in None, *damaged:
        if content is not None:
            file.write_bytes(content)
        for program in "sgd.py", "build/sgd":
            done = run(program, file)
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
            assert str(file) in done.stderr
    # Nobody looks for NaN, and nobody takes it for an answer.
    file.write_bytes(put(64 + 4 * 167, "<f", np.nan))
    for program in "sgd.py", "build/sgd", "more/mapped.py":
        assert run(program, "-t", "1", *["-e", "1"] * ("sgd" in program), file).returncode == 1
