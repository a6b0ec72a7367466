"""Train on a file that need not fit into memory: its rows are mapped, trained on and forgotten.

    python more/mapped.py

Each thread keeps to a part of the file. It visits windows of 8 MB of this part in an order drawn
anew each epoch, and the rows of a window in the file's order: they were shuffled when it was
written, and a disk, too, is fast only when it is read in order. `make build/10.bin` makes a file of
ten times as many rows for it.
"""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from ctypes import c_void_p
from itertools import count, repeat
from pathlib import Path

from bench import built, header, openmp_threads, read_options, run, verdict

THREADS = openmp_threads(64)
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in ladder.py
with built():
    import numpy as np
    from data.flights import BLOCK, FEATURES, OPTION, forget, load
    from rungs import in_c
    from rungs.training import SUMMED, average, show, shrunk, train

WINDOW = 128  # blocks that are read one after the other: 8 MB
PREFETCHED = in_c.LIBRARY["prefetched"]
PREFETCHED.argtypes, PREFETCHED.restype = (*in_c.ARGUMENTS, c_void_p), None


def train_part(data, worker, workers, epoch, step, seed, state):
    """Train for an epoch on this worker's part of the file, in place.

    worker: 0 to workers - 1, of at most as many workers as blocks. state: float32 (1024,), its row
    of training.new_workers(); SUM and SUMMED become those of the second half of its windows. The
    order of the windows follows from seed, worker and epoch (0, 1 ...), in whichever process.
    """
    low, high = (data.train // BLOCK * w // workers for w in (worker, worker + 1))
    windows = np.random.default_rng((seed, worker, epoch)).permutation(range(low, high, WINDOW))
    state[FEATURES : SUMMED + 1] = 0
    for k, first in enumerate(windows.tolist()):
        if k == len(windows) // 2:
            state[FEATURES : SUMMED + 1] = 0
        order = np.arange(first, min(first + WINDOW, high), dtype=np.int64)
        arrays = data.rows.ctypes.data, data.labels.ctypes.data, order.ctypes.data
        PREFETCHED(*arrays, len(order), step, shrunk(data, step), state.ctypes.data)  # without GIL
        forget(data, slice(first * BLOCK, (first + len(order)) * BLOCK))


def mapped(data, seed):
    """Return epoch(), see training.train(); the order of all blocks that it gets is not used."""
    epochs = count()

    def epoch(_order, step, workers):
        n = len(workers)
        about = map(repeat, (n, next(epochs), step, seed))
        with ThreadPoolExecutor(n) as pool:
            list(pool.map(train_part, repeat(data), range(n), *about, workers))
        average(workers)

    return epoch


def peak_memory():
    """Return the most memory of this process so far, in MB, mapped pages included; of Linux."""
    status = Path("/proc/self/status")  # getrusage() may count the parent's memory, too
    found = status.exists() and re.search(r"VmHWM:\s*(\d+)", status.read_text())
    return f"{int(found[1]) * 1024 / 1e6:.0f}" if found else "-"


def climb(threads, data, seed):
    """Train until the objective is within 0.1% of the optimum, and print a row."""
    blocks = data.train // BLOCK
    answer, epochs, took = train(mapped(data, seed), blocks, threads, 20 * blocks, data=data)
    size = 4 * (FEATURES + 1) * data.train  # with the labels
    cells = f"{size * epochs / took.wall / 1e9:.1f}", peak_memory()
    show("mapped", threads, data, answer, epochs, took, *cells)


def main():
    most = 2**32 - 1
    args = read_options(__doc__, t=(THREADS, 1, 64, "threads"), s=(1, 0, most, "seed"), file=OPTION)
    data = load(args.file)
    print(f"SGD on {data.train} rows that stay in their file")
    header("epochs", f"{'gap':>8}", "AUC", "GB/s", "peak-MB")
    for threads in dict.fromkeys((1, args.t)):
        climb(threads, data, args.s)
    verdict()


if __name__ == "__main__":
    run(main)
