"""Who is within 1%, 0.1% and 0.01% of the optimum, and when? And what does averaging cost?

    python more/convergence.py

More threads finish an epoch sooner, but weights that are averaged only once an epoch come less near
in it. The picture, build/convergence.svg, shows both: the gap against seconds, and against epochs.
"""

from math import nan
from pathlib import Path

from bench import built, read_options, run, store

with built():
    import ladder
    import numpy as np
    from data.flights import BLOCK, gap, load
    from matplotlib.figure import Figure
    from rungs import in_python
    from rungs.training import train

TARGETS = 0.01, 0.001, 0.0001  # of the optimum
PARTS, EPOCHS = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2), (1, 2, 4, 8, 16)
WORKERS = 1, 2, 4, 8, 16, 32, 64
PICTURE = Path("build/convergence.svg")


def curve(epoch, data, threads, parts, runs=5):
    """Return [(epochs, seconds, gap)], each of a training from nothing; the fastest run counts."""
    points, blocks = [], data.train // BLOCK
    for epochs in parts:
        done = [train(epoch, blocks, threads, int(epochs * blocks)) for _ in range(runs)]
        points.append((epochs, min(took.wall for *_, took in done), gap(data, done[0][0])))
    return points


def python(data, serial):
    """Return the curve of pure Python: it trains the same weights as `serial`, only later."""
    few = data._replace(train=data.train // 16 // BLOCK * BLOCK)
    epoch, blocks = in_python.local_sgd(in_python.pure_python(few)), few.train // BLOCK
    pace = train(epoch, blocks, 1, blocks)[2].wall / few.train * data.train
    return [(epochs, epochs * pace, above) for epochs, _, above in serial]


def often(epoch, times):
    """Return an epoch in which the workers are averaged so many times."""

    def averaged(order, step, workers):
        for part in np.array_split(order, times):
            epoch(part, step, workers)

    return averaged


def show(curves, workers):
    """Print both tables."""
    print("seconds until the objective is within 1%, 0.1% and 0.01% of the optimum")
    print("version         ", *(f"{f'{100 * target:g}%':>9}" for target in TARGETS))
    for name, points in curves.items():
        near = (min((s for _, s, above in points if above <= t), default=nan) for t in TARGETS)
        print(f"{name:<16}", *(f"{seconds:#9.3g}".replace("nan", "  -") for seconds in near))
    print("\ngap after so many epochs; workers are averaged once in each, or 4 times (x4)")
    print("workers", *(f"{epochs:>8}" for epochs in EPOCHS))
    for count, points in workers.items():
        print(f"{count:>7}", *(f"{above:8.4%}" for *_, above in points))


def draw(curves, workers):
    """Write both panels as SVG."""
    figure = Figure(figsize=(10, 10), layout="constrained")
    by_seconds, by_epochs = figure.subplots(2, 1)
    for name, points in curves.items():
        _, *axes = zip(*points, strict=True)
        by_seconds.loglog(*axes, "o-", label=name)
    for count, points in workers.items():
        epochs, _, gaps = zip(*points, strict=True)
        by_epochs.loglog(epochs, gaps, "o-", label=f"workers: {count}")
    for panel, x in (by_seconds, "seconds of training"), (by_epochs, "epochs"):
        panel.set(xlabel=x, ylabel="objective above the optimum, as a share of it")
        panel.legend(frameon=False, fontsize=9, ncols=2)
    store(PICTURE, lambda path: figure.savefig(path, format="svg"))


def main():
    args = read_options(__doc__, t=(ladder.THREADS, 1, 64, "threads"))
    data = load("build/flights.bin")
    cython = in_python.local_sgd(in_python.cython(data))
    versions = [("cython", cython, 1), *ladder.c_versions(data, args.t)]
    curves = {name: curve(epoch, data, t, PARTS + EPOCHS) for name, epoch, t in versions}
    curves = {"python": python(data, curves["serial"]), **curves}
    prefetched = {name: epoch for name, epoch, _ in versions}["prefetched"]
    workers = {str(count): curve(prefetched, data, count, EPOCHS, 1) for count in WORKERS}
    workers["64x4"] = curve(often(prefetched, 4), data, 64, EPOCHS, 1)
    show(curves, workers)
    draw(curves, workers)
    print(f"the picture is in {PICTURE}")


if __name__ == "__main__":
    run(main)
