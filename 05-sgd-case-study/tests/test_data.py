"""The flights file: what is in it, its optimum, and that a damaged one is refused."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

CHAPTER = Path(__file__).parents[1]
sys.path[:0] = [str(CHAPTER / "build"), str(CHAPTER)]
from data import flights, make_flights  # noqa: E402 - after the path

FILE = CHAPTER / "build/flights.bin"


def run(*command):
    command = [sys.executable, *command] if str(command[0]).endswith(".py") else command
    return subprocess.run(command, cwd=CHAPTER, capture_output=True, text=True, check=False)


def test_the_data_are_the_flights_of_2013_standardised_with_the_training_rows_only(tmp_path):
    f = flights.load(FILE)
    assert (f.rows.shape, f.train) == ((327346, 32), 261632)
    assert f"{(f.labels > 0).mean():.3f}" == "0.237"
    numbers = f.rows[:, :12].astype(float)
    assert np.abs(numbers[: f.train].mean(0)).max() < 1e-4
    assert 1e-4 < np.abs(numbers[f.train :].mean(0)).max() < 0.02
    assert (f.rows[:, 12:28].sum(1) == 1).all() and (f.rows[:, 28:31].sum(1) == 1).all()
    assert (f.rows[:, 31] == 1).all()
    again = tmp_path / "again.bin"
    assert run("data/make_flights.py", again).returncode == 0
    assert again.read_bytes() == FILE.read_bytes()


def test_three_times_the_data_have_other_rows_and_labels_and_nearly_the_same_optimum(tmp_path):
    done = run("data/make_flights.py", tmp_path / "3.bin", "--times", "3")
    assert done.returncode == 0 and not done.stderr.strip()  # no progress in a pipe
    one, three = flights.load(FILE), flights.load(tmp_path / "3.bin")
    n = one.train
    assert three.train == 3 * n and np.array_equal(three.rows[3 * n :], one.rows[n:])
    assert len(np.unique(three.rows[: 3 * n, :12], axis=0)) > 0.999 * 3 * n
    assert np.abs(three.rows[: 3 * n].mean(0) - one.rows[:n].mean(0)).max() < 0.001
    late = three.labels[: 3 * n].reshape(3, n).mean(1)
    assert np.abs(late - one.labels[:n].mean()).max() < 0.01
    assert abs(three.optimum - one.optimum) < 0.002
    assert run("data/make_flights.py", tmp_path / "0.bin", "--times", "0").returncode == 2


@pytest.mark.parametrize("name", ["flights", "tumours", "digits", "made up"])
def test_scikit_learn_finds_the_same_optimum_and_the_same_auc(name):
    datasets = pytest.importorskip("sklearn.datasets")
    linear_model, metrics = map(pytest.importorskip, ("sklearn.linear_model", "sklearn.metrics"))
    if name == "flights":
        f = flights.load(FILE)
    else:
        X, y = {
            "tumours": lambda: datasets.load_breast_cancer(return_X_y=True),
            "digits": lambda: datasets.load_digits(return_X_y=True),
            "made up": lambda: datasets.make_classification(2000, 20, random_state=0),
        }[name]()
        X = (X - X.mean(0)) / (X.std(0) + 1e-9)
        y = np.where(y > y.mean(), 1.0, -1.0)
        f = flights.Flights(X, y, len(X) * 3 // 4, 1e-3, np.nan)
    rows, labels, best = f.rows[: f.train], f.labels[: f.train], make_flights.newton(f)
    penalty = 1 / (f.lambda_ * f.train)
    model = linear_model.LogisticRegression(
        C=penalty, fit_intercept=False, tol=1e-9, solver="newton-cholesky"
    )
    theirs = flights.objective(f, model.fit(rows.astype(float), labels).coef_[0])
    assert abs(theirs / flights.objective(f, best) - 1) < 1e-6
    area = metrics.roc_auc_score(f.labels[f.train :], f.rows[f.train :] @ best)
    assert abs(flights.auc(f, best) - area) < 1e-6


def test_auc_of_one_label_is_no_number():
    alike = flights.Flights(np.ones((4, 32)), np.ones(4), 2, 1e-4, 0.5)
    assert np.isnan(flights.auc(alike, np.ones(32)))


def test_a_damaged_file_is_refused_in_one_line_by_c_and_by_python(tmp_path):
    good = FILE.read_bytes()

    def put(at, form, value):
        return good[:at] + struct.pack(form, value) + good[at + struct.calcsize(form) :]

    in_both = {
        **{
            "empty": b"",
            "short": good[:20],
            "truncated": good[:-4],
            "half": good[: len(good) // 2],
        },
        **{"long": good + b"x", "text": b"hello" * 99, "none": put(8, "<I", 0)},
        **{"rows": put(8, "<I", 511), "many": put(8, "<I", 2**32 - 512)},
        **{"features": put(16, "<I", 31), "big-endian": put(16, ">I", 32)},
        **{"optimum": put(32, "<d", np.nan), "lambda": put(24, "<d", -1.0)},
    }
    in_python = {"row": put(64 + 4 * 167, "<f", np.nan), "label": put(len(good) - 4, "<f", np.inf)}
    for name, content in {**in_both, **in_python, "missing": None}.items():
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        programs = ["sgd.py", "ladder.py"] + ["build/sgd"] * (name not in in_python)
        for program in programs:
            done = run(program, file)
            assert done.returncode == 2 and not done.stdout, (name, done)
            assert len(done.stderr.splitlines()) == 1 and str(file) in done.stderr, done
    # C does not look for it, and does not take it for an answer.
    assert run("build/sgd", "-e", "1", tmp_path / "row").returncode == 1
