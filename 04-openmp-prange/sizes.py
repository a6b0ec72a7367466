"""The same addition with 1,000 to 30,000,000 elements: where do threads start to pay?

    python sizes.py

A pair of bars for each size: one thread, and several, in GB/s (24 bytes an element). The last
column starts the threads only where they pay, by prange's use_threads_if. The picture is also in
build/sizes.svg.
"""

import time
from itertools import pairwise
from pathlib import Path

from bench import built, enough_memory, fail, openmp_threads, read_options, run

THREADS = openmp_threads()
with built():
    import numpy as np
    import parallel_add
    from rich.bar import Bar
    from rich.console import Console
    from rich.table import Table

SIZES = [m * 10**e for e in range(3, 8) for m in (1, 3)]
BYTES = 24  # an element: a and b are read, out is written
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
ROUNDS = range(5)
SECONDS = 0.005


def caches():
    """Return {name: bytes} of the first CPU's caches for data; {} where Linux does not say."""
    found = {}
    for size in sorted(CACHES.glob("index*/size")):
        level, kind = ((size.parent / name).read_text().strip() for name in ("level", "type"))
        if kind != "Instruction":
            found[f"L{level}"] = int(size.read_text().strip().rstrip("K")) * 1024
    return found


def seconds_for(arrays, threads, enough):
    """Return the seconds of one addition, over as many as take SECONDS."""
    times, took = 1, 0
    while took < SECONDS:
        times *= 2
        begin = time.perf_counter()
        parallel_add.add_repeatedly(*arrays, threads, enough, times)
        took = time.perf_counter() - begin
    return took / times


def gigabytes_a_second(arrays, versions):
    """Return {version: GB/s}, each in the fastest of some rounds in which all take turns.

    versions: name: (threads, how many elements are enough for them).
    """
    rounds = [{name: seconds_for(arrays, *how) for name, how in versions.items()} for _ in ROUNDS]
    fastest = {name: min(seconds[name] for seconds in rounds) for name in versions}
    return {name: BYTES * len(arrays[0]) / seconds / 1e9 for name, seconds in fastest.items()}


def measure(arrays, versions):
    """Return {size: {version: GB/s}}."""
    parts = {n: [array[:n] for array in arrays] for n in SIZES if n <= len(arrays[0])}
    return {n: gigabytes_a_second(part, versions) for n, part in parts.items()}


def break_even(speeds, one, many):
    """Return the first size at which, and at the next one, threads win clearly; or None."""
    wins = {n: speed[many] > 1.05 * speed[one] for n, speed in speeds.items()}
    return next((n for n, m in pairwise(wins) if wins[n] and wins[m]), None)


def place_of(size):
    """Return the smallest cache that size bytes fit in."""
    return next((name for name, room in caches().items() if size <= room), "memory")


def show(console, speeds, names):
    """Print the bars, as wide as the terminal allows."""
    table = Table(box=None, pad_edge=False, expand=console.width < 100)
    table.add_column("elements", justify="right")
    table.add_column("fit in")
    for name in names:
        table.add_column(name, ratio=1, min_width=12)
        table.add_column("GB/s", justify="right")
    most = max(max(speed.values()) for speed in speeds.values())
    for n, speed in speeds.items():
        cells = [f"{n:,}", place_of(BYTES * n)]
        for name in names:
            cells += [Bar(most, 0, speed[name]), f"{speed[name]:.0f}"]
        table.add_row(*cells)
    console.print(table)


def draw(speeds, names, path):
    """Write the curves as SVG, with a line where a cache ends."""
    from matplotlib import rc_context  # noqa: PLC0415 - only now: it takes half a second
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context({"svg.fonttype": "none", "font.size": 12}):
        figure = Figure(figsize=(8, 4.2), layout="constrained", facecolor="white")
        axes = figure.subplots()
        for name, style in zip(names, (".-", "o-", "--"), strict=True):
            axes.plot(list(speeds), [speed[name] for speed in speeds.values()], style, label=name)
        for name, room in caches().items():
            axes.axvline(room / BYTES, color="#bbbbbb", linewidth=1)
            axes.annotate(name, (room / BYTES, 0), (-4, 4), textcoords="offset points", ha="right")
        axes.set_xscale("log")
        axes.set_ylim(0)
        axes.set_xlabel("elements")
        axes.set_ylabel("GB/s")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path, format="svg")


def main():
    args = read_options(
        __doc__,
        n=(SIZES[-1], SIZES[0], SIZES[-1], "elements at most"),
        t=(max(THREADS, 2), 2, 256, "threads"),
    )
    enough_memory(BYTES * args.n)
    a, b, out = np.ones(args.n), np.ones(args.n), np.zeros(args.n)
    one, many = "1 thread", f"{args.t} threads"
    speeds = measure((a, b, out), {one: (1, 0), many: (args.t, 0)})
    enough = break_even(speeds, one, many)
    enough = enough or 2 * args.n
    cure = {f"{args.t} if >= {enough:,}": (args.t, enough)}
    for n, speed in measure((a, b, out), cure).items():
        speeds[n] |= speed
    if not (out[: max(speeds)] == 2).all():
        fail(1, "wrong answer")
    print(f"c[i] = a[i] + b[i], {args.t} threads against one")
    show(Console(), speeds, [one, many, *cure])
    pays = f"from {enough:,} elements on" if enough <= args.n else "at no size"
    print(f"{args.t} threads pay {pays}")
    draw(speeds, [one, many, *cure], Path(__file__).parent / "build/sizes.svg")


if __name__ == "__main__":
    run(main)
