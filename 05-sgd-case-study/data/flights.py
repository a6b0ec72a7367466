"""The flights in memory, and how good weights are. make_flights.py writes the file, see there."""

import mmap
import os
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bench import fail

BLOCK = 512  # rows that training visits one after the other; the training rows are whole blocks
FEATURES = 32
# The option of each program that trains.
OPTION = {"type": Path, "nargs": "?", "default": Path("build/flights.bin"), "help": "the data"}
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
    file: mmap.mmap | None = None  # whose memory the arrays are


def chunks(n):
    """Return slices that make up 0..n."""
    return [slice(low, min(low + CHUNK, n)) for low in range(0, n, CHUNK)]


def forget(flights, part):
    """Free the memory of these rows, a slice, if they are mapped: a touch reads the file again."""
    if flights.file and hasattr(mmap, "MADV_DONTNEED"):
        n, labels = part.stop - part.start, HEADER.size + flights.rows.nbytes
        for begin, size in (HEADER.size, 4 * FEATURES), (labels, 4):
            low = (begin + part.start * size) // mmap.PAGESIZE * mmap.PAGESIZE
            flights.file.madvise(mmap.MADV_DONTNEED, low, n * size)


def objective(flights, weights):
    """Return the mean of log(1 + exp(-label * margin)) plus lambda/2 |weights|^2, in double.

    It is that of the training rows; weights: float (32,). There is no intercept beside the
    constant feature.
    """
    w, losses = np.asarray(weights, dtype=np.float64), 0
    for part in chunks(flights.train):
        losses += np.logaddexp(0, -flights.labels[part] * (flights.rows[part] @ w)).sum()
        forget(flights, part)
    return losses / flights.train + flights.lambda_ / 2 * (w @ w)


def gap(flights, weights):
    """Return how far the objective is above the optimum, as a share of it."""
    return objective(flights, weights) / flights.optimum - 1


def auc(flights, weights):
    """Return the area under the ROC curve of the held-out rows: 0.5 is a coin, 1.0 is perfect.

    It is the chance that a late flight gets a larger margin than one on time (Mann-Whitney U);
    equal margins count half. NaN where all held-out rows have the same label.
    """
    margins = flights.rows[flights.train :] @ np.asarray(weights, dtype=np.float64)
    late = flights.labels[flights.train :] > 0
    on_time, late = np.sort(margins[~late]), margins[late]
    wins = sum(np.searchsorted(on_time, late, side).sum() for side in ("left", "right"))
    pairs = len(late) * len(on_time)
    return wins / 2 / pairs if pairs else np.nan


def mapped(file, n, *about):
    """Return the Flights of n rows in an open file, which is read where its arrays are touched."""
    memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    values = np.frombuffer(memory, dtype="<f4", offset=HEADER.size)
    rows = values[: n * FEATURES].reshape(n, FEATURES)
    return Flights(rows, values[n * FEATURES :], *about, memory)


def load(path):
    """Return the Flights in a file; for one that is missing or damaged, one line and exit code 2.

    Its arrays are the file itself, mapped into memory. A row that is damaged spoils the answer.
    """
    try:
        with Path(path).open("rb") as file:
            header, size = file.read(HEADER.size), os.fstat(file.fileno()).st_size
            if len(header) < HEADER.size or header[:8] != MAGIC:
                raise ValueError("not a flights file")
            _, train, test, features, _, lambda_, optimum = HEADER.unpack(header)
            fits = size == HEADER.size + (train + test) * (FEATURES + 1) * 4
            whole = train and train % BLOCK == 0 and test and features == FEATURES
            if not (fits and whole and 0 < lambda_ < 1 and 0 < optimum < 1):  # also false for NaN
                raise ValueError("damaged, or of other data: its header does not fit")
            return mapped(file, train + test, train, lambda_, optimum)
    except (OSError, ValueError) as error:
        fault = error.strerror if isinstance(error, OSError) else error
        fail(2, f"{path}: {fault} (rm -f {path}; make {path}: makes it anew)")


def in_memory(array):
    """Return a copy of an array that begins on a page. NumPy asks Linux for pages of 2 MB."""
    memory = np.empty(array.nbytes + mmap.PAGESIZE, dtype=np.uint8)
    first = -memory.ctypes.data % mmap.PAGESIZE
    copy = memory[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[:] = array
    return copy
