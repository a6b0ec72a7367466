"""Other data in the form of the flights file, to train on: shirts and pullovers, or tumours.

    python other_data.py fashion build/fashion.bin
    python other_data.py tumours build/tumours.bin

fashion: pictures of pullovers and shirts, 784 pixels each (Fashion-MNIST, Debian's package
dataset-fashion-mnist). tumours: 569 of them, 30 measurements each (in scikit-learn); too few to
train on in blocks, but the optimum can be compared. A constant is added, and zeros up to a multiple
of 32 features. For 800 features sgd.c is compiled anew; `make fashion` does all of this:

    make build/sgd-800 && build/sgd-800 -p 5 -e 100 build/fashion.bin
"""

import gzip
from importlib import import_module
from pathlib import Path

from bench import built, fail, read_options, run

with built():
    import numpy as np
    from flights import SEED, newton
    from flights_file import BLOCK, auc, load, objective, save

FASHION = Path("/usr/share/datasets/fashion-mnist")
PULLOVER, SHIRT = 2, 6
LAMBDA = 1e-2  # few rows: weights must be kept small


def fashion():
    """Return X, float (14000, 784), pixels from 0 to 1, and y, +1: a shirt, -1: a pullover."""
    if not FASHION.is_dir():
        fail(
            2, f"{FASHION} is missing; on Debian, type: sudo apt-get install dataset-fashion-mnist"
        )
    images, kinds = [], []
    for part in "train", "t10k":
        with gzip.open(FASHION / f"{part}-images-idx3-ubyte.gz") as file:
            images.append(np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784))
        with gzip.open(FASHION / f"{part}-labels-idx1-ubyte.gz") as file:
            kinds.append(np.frombuffer(file.read(), np.uint8, offset=8))
    images, kinds = np.concatenate(images), np.concatenate(kinds)
    kept = (kinds == PULLOVER) | (kinds == SHIRT)
    return images[kept] / 255.0, np.where(kinds[kept] == SHIRT, 1.0, -1.0)


def tumours():
    """Return X, float (569, 30), standardised, and y, +1: benign, -1: malignant."""
    try:
        X, y = import_module("sklearn.datasets").load_breast_cancer(return_X_y=True)
    except ModuleNotFoundError:
        fail(2, "scikit-learn is missing; type make peers in the folder above")
    return (X - X.mean(0)) / X.std(0), np.where(y == 1, 1.0, -1.0)


def widened(X):
    """Return X, float32, with a constant feature and zeros up to a multiple of 32."""
    n, features = X.shape
    wide = np.zeros((n, -(-(features + 1) // 32) * 32), dtype=np.float32)
    wide[:, :features], wide[:, features] = X, 1
    return wide


def main():
    kinds = {"fashion": fashion, "tumours": tumours}
    args = read_options(
        __doc__,
        kind={"nargs": None, "choices": list(kinds), "help": "which data"},
        file={"nargs": None, "type": Path, "help": "to make"},
    )
    X, y = kinds[args.kind]()
    order = np.random.default_rng(SEED).permutation(len(X))
    rows, labels = widened(X)[order], y[order]
    train = int(0.9 * len(X)) // BLOCK * BLOCK
    args.file.parent.mkdir(parents=True, exist_ok=True)
    best = []

    def optimum_of(data):
        best.append(newton(data))
        return objective(data, best[0])

    save(args.file, [(rows, labels)], train, LAMBDA, optimum_of)
    data = load(args.file, features=rows.shape[1])
    print(
        f"{args.file}: {len(rows):,} rows of {rows.shape[1]} features, {train:,} to train on; "
        f"optimum {data.optimum:.6f}, held-out AUC {auc(data, best[0]):.4f}"
    )


if __name__ == "__main__":
    run(main)
