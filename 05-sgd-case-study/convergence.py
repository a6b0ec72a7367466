"""How near does each version come to the optimum, and when? And what does averaging cost?

    python convergence.py

It runs build/gaps, and draws the gap against seconds, and against epochs for 1 to 64 workers. The
versions in Python train the same weights as one in C; how much later comes from `make chapter-5`,
as the libraries' rows come from `make more-5`. The picture is also in build/convergence.svg.
"""

import contextlib
import subprocess
from pathlib import Path

from bench import built, fail, openmp_threads, read_options, run

import chart

THREADS = openmp_threads(64)
with built():
    import pyperf
    from rich.console import Console
    from rich.table import Table

HERE = Path(__file__).parent
PICTURE = HERE / "build/convergence.svg"
TARGETS = 0.01, 0.001, 0.0001  # of the optimum
ONE_THREAD = "serial", "batched", "bfloat16", "prefetched"  # of those in C
SAME_WEIGHTS = {  # of versions in sgd.py, which have them later: in build/gaps
    "python": "serial",
    "python-threads": "serial",
    "numpy-rows": "serial",
    "numpy": "batched",
    "cython": "serial",
    "cython-threads": "serial",
    "cython-prange": "serial",
}


def table_of(name, threads):
    """Run build/NAME on the flights; return its rows of data, and those of its table as dicts."""
    command = [HERE / "build" / name, "-t", str(threads), HERE / "build/flights.bin"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        fail(1, f"build/{name}: exit code {done.returncode}")
    title, head, *lines = (line.split() for line in done.stdout.splitlines())
    return int(title[2]), [dict(zip(head, line, strict=True)) for line in lines]


def trained(threads):
    """Run build/gaps; return its rows of data, and {(version, threads): [point, ...]}.

    A point: (epochs, seconds, gap, held-out loss).
    """
    rows, table = table_of("gaps", threads)
    curves = {}
    for row in table:
        point = *map(float, (row["epochs"], row["seconds"])), float(row["gap"][:-1]) / 100
        curve = curves.setdefault((row["version"], int(row["threads"])), [])
        curve.append((*point, float(row["loss"])))
    return rows, curves


def measured(name):
    """Yield the fastest run of each row that measure.py stored in build/NAME.json, if it did."""
    with contextlib.suppress(OSError):
        suite = pyperf.BenchmarkSuite.load(str(HERE / "build" / f"{name}.json"))
        for benchmark in suite.get_benchmarks():
            best = min(benchmark.get_runs(), key=lambda run: run.values[0])
            yield best.get_metadata() | {"seconds": best.values[0]}


def at_their_pace(curves):
    """Yield (name, curve) of the versions in Python, as far as they were measured."""
    for row in measured("sgd"):
        twin = SAME_WEIGHTS.get(row["version"]), int(row["threads"])
        if row["program"] == "sgd.py" and twin in curves:
            epoch = row["seconds"] / int(row["epochs"])
            yield row["version"], [(n, n * epoch, *more) for n, _, *more in curves[twin]]


def libraries():
    """Yield (name, [(seconds, gap)]) of the libraries at their best, if sgd_peers.py has run."""
    with contextlib.suppress(OSError):
        for line in (HERE / "build/peers.txt").read_text().splitlines():
            words = line.split()
            if len(words) == 10 and words[0] != "version":  # the later of two rows: the tuned one
                yield words[0], [(float(words[3]), float(words[6][:-1]) / 100)]


def show_targets(console, rungs, rows):
    """Print when each version reached each target, the rows it sees in a second, and its loss on
    the flights held out when it was within 0.1%.
    """
    console.print("seconds until the objective is within 1%, 0.1% and 0.01% of the optimum")
    console.print("(of sgd.py's versions: the epochs of their twins in C, at their own pace)")
    table = Table(box=None, pad_edge=False)
    for column in "version", "1%", "0.1%", "0.01%", "Msamples/s", "loss at 0.1%":
        table.add_column(column, justify="left" if column == "version" else "right")
    for name, curve in rungs.items():
        near = [next((point for point in curve if point[2] <= target), None) for target in TARGETS]
        reached = [f"{point[1]:#.3g}" if point else "-" for point in near]
        epochs, seconds, *_ = curve[-1]
        speed, loss = rows * epochs / seconds / 1e6, f"{near[1][3]:.4f}" if near[1] else "-"
        table.add_row(name, *reached, f"{speed:.1f}", loss)
    console.print(table)


def show_workers(console, workers):
    """Print the gap after some epochs, for each number of workers."""
    console.print("\ngap after 1, 2, 4 ... epochs, of workers that are averaged once an epoch")
    table = Table(box=None, pad_edge=False)
    epochs = [epochs for epochs, *_ in workers[1] if epochs >= 1]
    for column in "workers", *(f"{e:.0f}" for e in epochs):
        table.add_column(column, justify="right")
    for count, curve in workers.items():
        table.add_row(f"{count}", *(f"{gap:.3%}" for epochs, _, gap, _ in curve if epochs >= 1))
    console.print(table)


def draw(curves, workers):
    """Write both pictures as SVG."""
    from matplotlib import rc_context  # noqa: PLC0415 - only now: it takes half a second
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context({"svg.fonttype": "none", "font.size": 11}):
        figure = Figure(figsize=(10, 10), layout="constrained", facecolor="white")
        left, right = figure.subplots(2, 1)
        for i, (name, curve) in enumerate(curves.items()):
            style = ("o-", "s--")[i // 10] if len(curve) > 1 else "*"
            left.plot(*zip(*curve, strict=True), style, color=f"C{i % 10}", label=name)
        for count, curve in workers.items():
            right.plot(*zip(*((e, gap) for e, _, gap, _ in curve), strict=True), "o-", label=count)
        for axes, x in (left, "seconds of training"), (right, "epochs"):
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_xlabel(x)
            axes.set_ylabel("objective above the optimum, as a share of it")
            axes.spines[["top", "right"]].set_visible(False)
        left.legend(frameon=False, fontsize=9, ncols=2)
        right.legend(frameon=False, title="workers")
        figure.savefig(PICTURE, format="svg")


def main():
    args = read_options(__doc__, t=(THREADS, 1, 64, "threads"))
    rows, curves = trained(args.t)
    workers = {t: curve for (name, t), curve in sorted(curves.items()) if name == "openmp"}
    in_c = {
        name: curve
        for (name, t), curve in curves.items()
        if t == (1 if name in ONE_THREAD else args.t)
    }
    rungs = dict(at_their_pace(curves)) | in_c
    console = Console()
    show_targets(console, rungs, rows)
    points = {name: [(s, gap) for _, s, gap, _ in curve] for name, curve in rungs.items()}
    points |= dict(libraries())
    console.print("\nobjective above the optimum, against seconds of training")
    for line in chart.draw(points, lambda gap: f"{100 * gap:g}%"):
        console.print(line, highlight=False)
    show_workers(console, workers)
    draw(points, workers)
    console.print("the picture is in build/convergence.svg")


if __name__ == "__main__":
    run(main)
