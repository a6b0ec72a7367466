"""The flights file as Python sees it, and how good a set of weights is; flights.c is its twin."""

import os
import struct
from typing import NamedTuple

import numpy as np

BLOCK = 512  # rows that training visits together; the training rows are whole blocks
FEATURES = 32

# magic, training rows, held-out rows, features, 0, lambda, objective at the optimum, and zeros up
# to 64 bytes, so that the rows behind it begin on a cache line; all little-endian.
HEADER = struct.Struct("<8sIIIIdd24x")
MAGIC = b"FLIGHTS2"


class Flights(NamedTuple):
    """The data set. rows: float32 (n, 32); labels: float32 (n,), +1 late and -1 on time.

    The first `train` rows are to train on, the rest is held out. `lambda_` is the weight of the
    L2 penalty, `optimum` the smallest value that `objective` can take on the training rows.
    """

    rows: np.ndarray
    labels: np.ndarray
    train: int
    lambda_: float
    optimum: float


def objective(flights, weights):
    """Return the mean logistic loss of the training rows plus lambda/2 |weights|^2, in double.

    weights: float (32,). A row counts log(1 + exp(-label * margin)); there is no intercept beside
    the constant feature.
    """
    w = np.asarray(weights, dtype=np.float64)
    margins = flights.rows[: flights.train] @ w
    loss = np.logaddexp(0, -flights.labels[: flights.train] * margins).mean()
    return loss + flights.lambda_ / 2 * (w @ w)


def auc(flights, weights):
    """Return the area under the ROC curve of the held-out rows: 0.5 is a coin, 1.0 is perfect.

    It is the chance that a late flight gets a larger margin than one on time (Mann-Whitney U);
    equal margins count half.
    """
    margins = flights.rows[flights.train :] @ np.asarray(weights, dtype=np.float64)
    late = flights.labels[flights.train :] > 0
    _, inverse, counts = np.unique(margins, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n = int(late.sum())
    return (ranks[late].sum() - n * (n + 1) / 2) / (n * (len(late) - n))


def save(flights, path):
    """Write the file; it appears under its name only when it is complete."""
    counts = flights.train, len(flights.rows) - flights.train, FEATURES, 0
    header = HEADER.pack(MAGIC, *counts, flights.lambda_, flights.optimum)
    unfinished = path.with_name(path.name + ".tmp")
    with unfinished.open("wb") as file:
        file.write(header)
        file.write(flights.rows.astype("<f4").tobytes())
        file.write(flights.labels.astype("<f4").tobytes())
    os.replace(unfinished, path)


def load(path):
    """Return the Flights in a file that `save` wrote; ValueError names the file and the fault."""

    def refuse(fault):
        raise ValueError(f"{path}: {fault} (make clean build makes build/flights.bin)")

    try:
        content = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        refuse(error.strerror)
    header, body = content[: HEADER.size].tobytes(), content[HEADER.size :]
    if len(header) < HEADER.size or header[:8] != MAGIC:
        refuse("not a flights file")
    _, train, test, features, _, lambda_, optimum = HEADER.unpack(header)
    sizes = train and train % BLOCK == 0 and test
    if not (sizes and 0 < lambda_ < 1 and 0 < optimum < 1):  # also false for NaN
        refuse("its header is damaged")
    if features != FEATURES:
        raise ValueError(f"{path}: its rows have {features} features instead of {FEATURES}")
    if len(body) != (train + test) * (FEATURES + 1) * 4:
        refuse("its length does not fit its header")
    values = body.view("<f4")
    if not np.isfinite(values).all():
        refuse("a number in it is not finite")
    rows = values[: (train + test) * FEATURES].reshape(-1, FEATURES)
    return Flights(rows, values[rows.size :], train, lambda_, optimum)
