"""The flights file as Python sees it, and how good a set of weights is; flights.c is its twin."""

import mmap
import os
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bench import store

BLOCK = 512  # rows that training visits together; the training rows are whole blocks
FEATURES = 32
TOLERANCE = 1e-3  # training ends within this share of the optimum
CHUNK = 32 * BLOCK  # rows that are looked at together, so that little memory is needed

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


def chunks(low, high):
    """Yield slices that make up low..high."""
    for start in range(low, high, CHUNK):
        yield slice(start, min(start + CHUNK, high))


def mean_loss(flights, weights, low, high):
    """Return the mean logistic loss, log(1 + exp(-label * margin)), of the rows low..high."""
    w = np.asarray(weights, dtype=np.float64)
    losses = (
        np.logaddexp(0, -flights.labels[part] * (flights.rows[part] @ w)).sum()
        for part in chunks(low, high)
    )
    return sum(losses) / (high - low)


def objective(flights, weights):
    """Return the mean loss of the training rows plus lambda/2 |weights|^2, in double.

    weights: float (32,). There is no intercept beside the constant feature.
    """
    w = np.asarray(weights, dtype=np.float64)
    return mean_loss(flights, w, 0, flights.train) + flights.lambda_ / 2 * (w @ w)


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


def save(path, parts, train, lambda_, optimum_of):
    """Write the file; it appears under its name only when it is complete.

    parts yields (rows, labels), float (n, features) and (n,): first those to train on, `train` in
    all. optimum_of(flights) is called when they are written, and returns the optimum.
    """

    def write(unfinished):
        labels = []
        with unfinished.open("wb+") as file:
            file.write(bytes(HEADER.size))
            for rows, some in parts:
                file.write(rows.astype("<f4").data)
                labels.append(some.astype("<f4"))
            for some in labels:
                file.write(some.data)
            n, features = sum(map(len, labels)), rows.shape[1]
            file.flush()
            optimum = optimum_of(mapped(file, n, features, train, lambda_, np.nan))
            file.seek(0)
            file.write(HEADER.pack(MAGIC, train, n - train, features, 0, lambda_, optimum))

    store(path, write)


def mapped(file, n, features, *about):
    """Return the Flights of n rows in an open file, which is read where its arrays are touched."""
    memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    values = np.frombuffer(memory, dtype="<f4", offset=HEADER.size)
    return Flights(values[: n * features].reshape(n, features), values[n * features :], *about)


def refuse(path, fault):
    raise ValueError(f"{path}: {fault} (rm -f build/flights.bin; make build: makes it anew)")


def opened(path, features=FEATURES):
    """Return the Flights in a file that `save` wrote, of which only the header was read.

    features: how many a row must have, or None. ValueError names the file and the fault.
    """
    path = Path(path)
    try:
        file = path.open("rb")
    except OSError as error:
        refuse(path, error.strerror)
    with file:
        header, size = file.read(HEADER.size), os.fstat(file.fileno()).st_size
        if len(header) < HEADER.size or header[:8] != MAGIC:
            refuse(path, "not a flights file")
        _, train, test, its_features, _, lambda_, optimum = HEADER.unpack(header)
        sizes = train and train % BLOCK == 0 and test
        if not (sizes and 0 < lambda_ < 1 and 0 < optimum < 1):  # also false for NaN
            refuse(path, "its header is damaged")
        if features and its_features != features:
            raise ValueError(f"{path}: its rows have {its_features} features instead of {features}")
        if size != HEADER.size + (train + test) * (its_features + 1) * 4:
            refuse(path, "its length does not fit its header")
        return mapped(file, train + test, its_features, train, lambda_, optimum)


def check(flights, low, high, path):
    """Raise ValueError if a number in the rows low..high is not finite."""
    for part in chunks(low, high):
        if not (np.isfinite(flights.rows[part]).all() and np.isfinite(flights.labels[part]).all()):
            refuse(path, "a number in it is not finite")


def load(path, features=FEATURES):
    """Return opened(path, features), when all its numbers are checked."""
    flights = opened(path, features)
    check(flights, 0, len(flights.labels), path)
    return flights
