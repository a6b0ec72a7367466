"""Draw the objective while pure Python trains: sgd.py --watch."""

import time

import chart
import numpy as np
import rungs
from flights_file import FEATURES, objective
from local_sgd import combine, shuffle
from rich.live import Live

GOOD_ENOUGH = 1e-4  # of the optimum
SLICE = 4  # blocks between two looks, 6 ms of training


def watch(data, blocks, args):
    """Draw how far the objective is above the optimum, until within 0.01% or for args.e epochs."""
    visit = rungs.pure_python(data, data.train)
    weights, totals = np.zeros((2, 1, FEATURES), dtype=np.float32)
    answer, order, state, seconds, points = weights[0], list(range(blocks)), args.s, 0, []
    with Live(vertical_overflow="visible") as live:
        for _ in range(args.e):
            if points and points[-1][1] <= GOOD_ENOUGH:
                break
            state = shuffle(order, state)
            for part in np.array_split(np.array(order, dtype=np.uint32), blocks // SLICE):
                begin = time.perf_counter()
                visit(part, weights[0], totals[0], args.p / 1000)
                answer = combine(weights, totals, len(part), answer, len(points))
                seconds += time.perf_counter() - begin
                gap = objective(data, answer) / data.optimum - 1
                points.append((seconds, gap))
                if not gap < 1:
                    return f"training diverged: choose a smaller step than -p {args.p}"
                if len(points) > 1:
                    lines = chart.draw({"pure Python": points}, lambda y: f"{100 * y:g}%")
                    live.update("\n".join(lines) + "\n")
    return f"{gap:.4%} above the optimum after {seconds:.2f} s of training, the drawing not counted"
