"""What can all threads gain? The recipe of the page, for the loops of this chapter.

    python more/roofline.py

shared: the time on one thread, divided by the threads. memory: the bytes that move, divided by the
memory's speed on all threads. The longer of the two is what the threads can reach at best, and says
what limits the loop. of-fma: how near one thread comes to the most operations that it can do.

The picture, build/roofline.svg, shows the same limits as a roof: loops with few operations a byte
stand below its slanting half, the memory, those with many below its flat half, the cores. After
Williams, Waterman and Patterson, "Roofline", CACM 52 (2009).
"""

import math
from pathlib import Path

from bench import built, fail, read_options, run, store

with built():
    from matplotlib.figure import Figure
    from results import rows_of

CHAPTER = Path(__file__).parents[1]
# fma is measured in floats, and counts two operations an instruction. What is no multiplication
# and addition in one does half as many, and a register holds half as many doubles as floats.
FLOATS, DOUBLES = 1 / 2, 1 / 4


# Table, row on one thread, row on all, bytes that move for an element, row of limits with such a
# loop, operations of an element (or of a step of the Mandelbrot set), their share of fma's speed.
LOOPS = (
    ("add", "serial", "openmp", 32, "add-stream", 1, DOUBLES),
    ("add", "serial", "openmp-stream", 24, "add-stream", 1, DOUBLES),
    ("float_sum", "reduction", "reduction", 4, "read-345MB", 1, FLOATS),
    ("float_sum", "blocks", "blocks", 4, "read-345MB", 1, FLOATS),
    ("mandelbrot", "serial", "parallel", 4, "add-stream", 8, DOUBLES),
    ("mandelbrot", "simd", "dynamic", 4, "add-stream", 8, DOUBLES),
)


def find(table, version, threads):
    """Return the row of a table that `make` has measured; its last if threads is None."""
    for row in reversed(rows_of(CHAPTER / table)):
        here = row["version"] == version and row["program"] in {table, f"{table}.c"}
        if here and threads in {None, row["threads"]}:
            return row
    return fail(2, "nothing is measured yet; in the folder above, type: make chapter-4 more-4")


def elements_and_steps(row):
    """Return how many elements a loop has, and the steps of each."""
    elements = math.prod(int(word) for word in row["title"].split() if word.isdigit())
    return elements, int(row["answer"]) / elements if "Mandelbrot" in row["title"] else 1


def draw(path, dots, memory, fma):
    """Write the roof of all threads, and below it each loop: operations a byte, GFLOP/s."""
    axes = Figure(figsize=(8, 5), layout="constrained").subplots()
    axes.plot([1 / 64, fma / memory], [memory / 64, fma], color="gray")
    for share, name in (1, "fma in floats"), (FLOATS, "floats"), (DOUBLES, "doubles"):
        axes.plot([fma * share / memory, 1024], [fma * share] * 2, color="gray")
        axes.text(1024, fma * share, name, ha="right", va="bottom")
    for name, dot in dots.items():
        axes.plot(*dot, "o", label=name)
    axes.set(xscale="log", yscale="log", xlabel="operations a byte that moves", ylabel="GFLOP/s")
    axes.legend()
    axes.figure.savefig(path, format="svg")


def main():
    read_options(__doc__)
    threads, dots = find("add", "openmp", None)["threads"], {}
    fma = {count: float(find("limits", "fma", count)["GFLOP/s"]) for count in ("1", threads)}
    print(f"of what `make chapter-4 more-4` measured: ns for one element; {threads} threads")
    print("loop                  bytes  1 thread  shared  memory  measured  limit   of-fma")
    for table, one, all_, moved, like, operations, share in LOOPS:
        serial, parallel = find(table, one, "1"), find(table, all_, threads)
        elements, steps = elements_and_steps(serial)
        alone, together = (row["wall"] / elements * 1e9 for row in (serial, parallel))
        shared, memory = alone / int(threads), moved / float(find("limits", like, threads)["GB/s"])
        of_fma = operations * steps / alone / fma["1"] / share
        limit = "memory       -" if memory > shared else f"cores  {of_fma:>7.0%}"
        times = f"{alone:>10.3g}{shared:>8.3g}{memory:>8.2g}{together:>10.3g}"
        print(f"{table} {all_:<{21 - len(table)}}{moved:>5}{times}  {limit}")
        dots[f"{table} {all_}"] = operations * steps / moved, operations * steps / together
    most = float(find("limits", "add-stream", threads)["GB/s"])
    store(CHAPTER / "build/roofline.svg", lambda path: draw(path, dots, most, fma[threads]))


if __name__ == "__main__":
    run(main)
