"""Train on a file that need not fit into memory: its rows are mapped, trained on and forgotten.

    python data/make_flights.py build/10.bin --times 10
    python more/mapped.py build/10.bin

Each thread keeps to a part of the file. It visits windows of 8 MB of this part in an order drawn
anew each epoch, and the rows of a window in the file's order: they were shuffled when it was
written, and a disk, too, is fast only when it is read in order.
"""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from bench import built, fail, header, openmp_threads, read_options, row, run, verdict

THREADS = openmp_threads(64)
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in ladder.py
with built():
    import numpy as np
    from data.flights import BLOCK, FEATURES, TOLERANCE, auc, forget, gap, load
    from rungs import in_c
    from rungs.in_python import average, shrunk
    from rungs.training import SUMMED, train

WINDOW = 128  # blocks that are read one after the other: 8 MB
PREFETCHED = in_c.LIBRARY["prefetched"]  # CDLL releases the GIL around each call
PREFETCHED.argtypes, PREFETCHED.restype = (*in_c.ARGUMENTS, in_c.ctypes.c_void_p), None


def train_part(data, worker, workers, epoch, step, seed, state):
    """Train for an epoch on this worker's part of the file, in place.

    worker: 0 to workers - 1, of at most as many workers as blocks. state: float32 (1024,), its row
    of training.new_workers(); SUM and SUMMED become those of the second half of its windows. The
    order of the windows follows from seed, worker and epoch (0, 1 ...), in whichever process.
    """
    low, high = (data.train // BLOCK * w // workers for w in (worker, worker + 1))
    windows = np.random.default_rng((seed, worker, epoch)).permutation(range(low, high, WINDOW))
    for k, first in enumerate(windows.tolist()):
        if k == len(windows) // 2:
            state[FEATURES : SUMMED + 1] = 0
        order = np.arange(first, min(first + WINDOW, high), dtype=np.int64)
        arrays = data.rows.ctypes.data, data.labels.ctypes.data, order.ctypes.data
        PREFETCHED(*arrays, len(order), step, shrunk(data, step), state.ctypes.data)
        forget(data, slice(first * BLOCK, (first + len(order)) * BLOCK))


def mapped(data, seed):
    """Return epoch(), see training.train(). Its order of all blocks is not used."""
    epochs = count()

    def epoch(_order, step, workers):
        threads, number = len(workers), next(epochs)
        about = data, range(threads), threads, number, step, seed, workers
        with ThreadPoolExecutor(threads) as pool:
            jobs = [pool.submit(train_part, data, t, threads, number, step, seed, workers[t]) for t in range(threads)]
        average(workers)

    return epoch
