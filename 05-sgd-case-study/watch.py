"""Draw how near training comes while pure Python trains: sgd.py --watch."""

import time

import chart
import numpy as np
import rungs
from averaging import shuffle
from flights_file import BLOCK, FEATURES, objective
from rich.live import Live

GOOD_ENOUGH = 1e-4  # of the optimum
SLICE = 4  # blocks between two looks, 6 ms of training


def slices(blocks, epochs, state):
    """Yield the numbers of a few blocks at a time: all of them in each epoch, in a new order."""
    order = list(range(blocks))
    for _ in range(epochs):
        state = shuffle(order, state)
        yield from np.array_split(np.array(order, dtype=np.uint32), -(-blocks // SLICE))


def watch(data, blocks, args):
    """Draw how far the objective is above the optimum, until within 0.01% or for args.e epochs.

    It is the objective of the average of the weights over the second half of what was seen.
    """
    visit = rungs.pure_python(data, data.train)
    weights, averages, points, seconds, gap = np.zeros(FEATURES, np.float32), [], [], 0, 1
    with Live(vertical_overflow="visible") as live:
        for order in slices(blocks, args.e, args.s):
            begin, total = time.perf_counter(), np.zeros_like(weights)
            try:
                visit(order, weights, total, args.p / 1000)
            except OverflowError:  # of math.exp
                weights[:] = np.nan
            seconds += time.perf_counter() - begin
            averages.append(total / ((len(order) - len(order) // 2) * BLOCK // rungs.BATCH))
            gap = (
                objective(data, np.mean(averages[len(averages) // 2 :], axis=0)) / data.optimum - 1
            )
            if np.isnan(weights).any() or not gap < 1:
                return f"training diverged: choose a smaller step than -p {args.p}"
            points.append((seconds, gap))
            if len(points) > 1:
                lines = chart.draw({"pure Python": points}, lambda y: f"{100 * y:g}%")
                live.update("\n".join(lines) + "\n")
            if gap <= GOOD_ENOUGH:
                break
    return f"{gap:.4%} above the optimum after {seconds:.2f} s of training, the drawing not counted"
