"""The flights file as Python sees it, and how good a set of weights is; flights.c is its twin."""

import os
import struct
import zlib
from typing import NamedTuple

import numpy as np

BLOCK = 512  # rows that training visits together; the training rows are whole blocks
FEATURES = 32

# magic, checksum, training rows, held-out rows, features, 0, lambda, objective at the optimum, 0.
# 64 bytes, so that the rows behind it begin on a cache line; all little-endian.
HEADER = struct.Struct("<8sQIIIIddd8x")
MAGIC = b"FLIGHTS1"


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


def checksum(header, body):
    """Return Adler-32 (RFC 1950) of the file, as if the header's own checksum were 0."""
    return zlib.adler32(body, zlib.adler32(header[:8] + bytes(8) + header[16:]))


def save(flights, path):
    """Write the file; it appears under its name only when it is complete."""
    body = flights.rows.astype("<f4").tobytes() + flights.labels.astype("<f4").tobytes()
    counts = flights.train, len(flights.rows) - flights.train, FEATURES, 0
    numbers = *counts, flights.lambda_, flights.optimum, 0.0
    header = HEADER.pack(MAGIC, checksum(HEADER.pack(MAGIC, 0, *numbers), body), *numbers)
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.write_bytes(header + body)
    os.replace(unfinished, path)


def load(path):
    """Read and check a file that `save` wrote; ValueError names the file and the fault."""

    def refuse(fault):
        raise ValueError(f"{path}: {fault} (to make it anew: make clean build)")

    try:
        content = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        refuse(error.strerror)
    header, body = content[: HEADER.size].tobytes(), content[HEADER.size :]
    if not header:
        refuse("the file is empty")
    if header[:8] != MAGIC[: len(header)]:
        refuse("not a flights file")
    if len(header) < HEADER.size:
        refuse(f"truncated: {len(header)} bytes, the header alone has {HEADER.size}")
    _, stored, train, test, features, _, lambda_, optimum, _ = HEADER.unpack(header)
    if features != FEATURES or not train or train % BLOCK or not test:
        refuse("the header is damaged: impossible numbers of rows or features")
    if not (0 < lambda_ < 1 and 0 < optimum < 1):  # also false for NaN
        refuse("the header is damaged: lambda or the optimum is out of range")
    expected = HEADER.size + (train + test) * (FEATURES + 1) * 4
    if len(content) != expected:
        kind = "truncated" if len(content) < expected else "too long"
        refuse(f"{kind}: {len(content)} bytes instead of {expected}")
    values = body.view("<f4")
    rows = values[: (train + test) * FEATURES].reshape(-1, FEATURES)
    labels = values[rows.size :]
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        refuse(f"row {row}, column {column} is not a finite number")
    if not (np.abs(labels) == 1).all():
        refuse(f"the label of row {np.argmax(np.abs(labels) != 1)} is neither 1 nor -1")
    if checksum(header, body) != stored:
        refuse("damaged: its checksum does not match")
    return Flights(rows, labels, train, lambda_, optimum)
