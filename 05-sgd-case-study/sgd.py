"""Logistic regression by SGD on the flights, in pure Python: on one thread, and on several.

    python sgd.py

Each row moves the weights a little. The rows are visited in blocks of 512, in an order drawn anew
each epoch, and the answer is the average of the weights over the second half of the epoch
(Polyak-Ruppert averaging; Bottou 2012, section 5). On several threads each thread trains weights of
its own on its part of the blocks, and they are averaged at the end of the epoch (local SGD; Stich
2019). sgd.c is the same in C.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from operator import mul

from bench import built, header, openmp_threads, read_options, row, run, stopwatch, verdict

THREADS = openmp_threads(64)
with built():
    from data.flights import BLOCK, FEATURES, OPTION, TOLERANCE, gap, load

BATCH = 32  # rows after which the weights shrink and are added to their sum
STEP = 0.01


def train_on(rows, labels, step, shrink, weights, total):
    """Train on a block: lists of rows, of 32 floats each, and of labels; return both lists anew."""
    for low in range(0, len(rows), BATCH):
        for x, label in zip(rows[low : low + BATCH], labels[low : low + BATCH], strict=True):
            margin = sum(map(mul, weights, x))
            factor = step * label / (1 + math.exp(label * margin))
            weights = [w + factor * value for w, value in zip(weights, x, strict=True)]
        weights = [w * shrink for w in weights]
        total = [t + w for t, w in zip(total, weights, strict=True)]
    return weights, total


def visit(rows, labels, order, step, shrink, weights):
    """Train on the blocks in `order`; return the weights, their sum in the second half, how many.

    The weights shrink once in 32 rows: that is the step which keeps them small.
    """
    middle, summed = len(order) // 2, (len(order) - len(order) // 2) * BLOCK // BATCH
    total = [0.0] * FEATURES
    for k, block in enumerate(order):
        if k == middle:
            total = [0.0] * FEATURES
        part = slice(block * BLOCK, (block + 1) * BLOCK)
        weights, total = train_on(rows[part], labels[part], step, shrink, weights, total)
    return weights, total, summed


def shuffle(order, state):
    """Fisher-Yates with Knuth's MMIX generator, which C can do alike; return its next state."""
    for i in range(len(order) - 1, 0, -1):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        j = (state >> 33) % (i + 1)
        order[i], order[j] = order[j], order[i]
    return state


def train_epoch(rows, labels, order, shrink, weights, threads):
    """Train on all blocks, with as many workers as threads; return the weights and the answer."""
    cuts = [len(order) * t // threads for t in range(threads + 1)]

    def worker(t):
        return visit(rows, labels, order[cuts[t] : cuts[t + 1]], STEP, shrink, weights)

    with ThreadPoolExecutor(threads) as pool:
        ends, totals, summed = zip(*pool.map(worker, range(threads)), strict=True)
    average = [sum(values) / threads for values in zip(*ends, strict=True)]
    return average, [sum(values) / sum(summed) for values in zip(*totals, strict=True)]


def train(data, threads, args):
    """Train until within 0.1% of the optimum; return the gap, the epochs, and the time."""
    rows, labels = data.rows[: data.train].tolist(), data.labels[: data.train].tolist()
    order, state, weights = list(range(len(rows) // BLOCK)), args.s, [0.0] * FEATURES
    shrink, wall, cpu, epoch, above = 1 - BATCH * STEP * data.lambda_, 0, 0, 0, 1
    while epoch < args.e and not abs(above) <= TOLERANCE:
        with stopwatch() as took:
            state = shuffle(order, state)
            weights, answer = train_epoch(rows, labels, order, shrink, weights, threads)
        wall, cpu, epoch, above = wall + took.wall, cpu + took.cpu, epoch + 1, gap(data, answer)
    took.wall, took.cpu = wall, cpu
    return above, epoch, took


def main():
    args = read_options(
        __doc__,
        t=(THREADS, 1, 64, "threads"),
        e=(20, 1, 1000, "most epochs"),
        s=(1, 0, 2**32 - 1, "seed"),
        file=OPTION,
    )
    data = load(args.file)
    print(f"SGD on {data.train} rows until the objective is within 0.1% of {data.optimum:.6f}")
    header("epochs", f"{'gap':>8}")
    for version, threads in ("serial", 1), ("threads", args.t):
        above, epochs, took = train(data, threads, args)
        answer, right = f"{(1 + above) * data.optimum:.6f}", abs(above) <= TOLERANCE
        row(version, threads, answer, right, took, epochs, f"{above:8.4%}")
    verdict()


if __name__ == "__main__":
    run(main)
