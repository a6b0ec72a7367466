"""The rungs in C, called with ctypes: CDLL releases the GIL around each call (chapter 2)."""

import ctypes
from pathlib import Path

import numpy as np
from data.flights import CHUNK, FEATURES
from sgd import BATCH

LIBRARY = ctypes.CDLL(str(Path(__file__).parents[1] / "build/librungs.so"))
# rows, labels, order; blocks; step, shrink: what each function of type `rung` takes, and a worker.
ARGUMENTS = (*(ctypes.c_void_p,) * 3, ctypes.c_size_t, ctypes.c_float, ctypes.c_float)
LIBRARY.train_epoch.argtypes = ctypes.c_void_p, *ARGUMENTS, ctypes.c_int, ctypes.c_void_p
LIBRARY.train_epoch.restype = None


def rung(name, rows, labels, lambda_):
    """Return epoch(order, step, workers): train with this rung, a thread for each of the workers.

    rows: float32 (n, 32), or what packed() makes of them; labels: float32 (n,); both contiguous.
    """
    train = ctypes.cast(LIBRARY[name], ctypes.c_void_p)
    at = rows.ctypes.data, labels.ctypes.data

    def epoch(order, step, workers):
        shrink, first = 1 - BATCH * step * lambda_, workers.ctypes.data
        arguments = *at, order.ctypes.data, len(order), step, shrink
        LIBRARY.train_epoch(train, *arguments, len(workers), first)

    epoch.keeps = rows, labels  # as long as there are pointers to them
    return epoch


def packed(rows):
    """Return uint32 (n, 16): rows in bfloat16, two features a word as bfloat16.c wants them."""
    words = np.empty((len(rows), FEATURES // 2), dtype=np.uint32)
    for low in range(0, len(rows), CHUNK):
        bits = rows[low : low + CHUNK].view(np.uint32)
        bits = bits + 0x7FFF + (bits >> 16 & 1)  # rounds to the nearest; half way: to even
        high, lower = bits[:, : FEATURES // 2], bits[:, FEATURES // 2 :]
        words[low : low + CHUNK] = high & 0xFFFF0000 | lower >> 16
    return words
