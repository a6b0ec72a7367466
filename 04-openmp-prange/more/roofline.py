"""What limits each kernel: the memory or the cores? A roofline of what `make` has measured.

    python more/roofline.py

of-memory and of-cores: how near a kernel comes to what limits.c reached on as many threads. What is
below half of both is limited by something else. In the picture, build/roofline.svg, few operations
a byte stand below the slanting roof of the memory, many below a flat roof of the cores; it has the
roofs of all threads. After Williams, Waterman and Patterson, "Roofline", CACM 52 (2009).
"""

from pathlib import Path

from bench import built, fail, read_options, run, store

with built():
    from matplotlib.figure import Figure
    from results import rows_of

CHAPTER = Path(__file__).parents[1]
SGD = CHAPTER.parent / "05-sgd-case-study/ladder"  # if chapter 5 has been measured
# Operations for each byte that is asked for. An addition: 1 for 24 bytes. A flight: 32 features and
# a label, 132 bytes; each feature is multiplied and added twice. A step of the Mandelbrot set: 8,
# and its pixel has 4 bytes in all.
ADDITION, FLIGHT, STEP, PIXEL = 1 / 24, 4 * 32 / 132, 8, 4
# The cores' limit is in floats, fused. Of doubles a register holds half as many, and what is not
# fused is half as fast again.
FUSED, DOUBLES = 1, 1 / 4


def limits(threads=None):
    """Return the most GB/s of an addition and GFLOP/s that limits.c reached on so many threads."""
    rows = rows_of(CHAPTER / "limits")
    if not rows:
        fail(2, "nothing is measured yet; in the folder above, type: make chapter-4 more-4")
    rows = [row for row in rows if row["threads"] == threads] or rows
    adding = [float(row["GB/s"]) for row in rows if row["version"].startswith("add")]
    return max(adding), max(float(row["GFLOP/s"]) for row in rows if row["version"] == "fma")


def kernels():
    """Yield (name, threads, operations a byte, GFLOP/s, share of the cores' limit)."""
    for row in rows_of(CHAPTER / "add"):
        if row["program"] == "add.c":
            speed = float(row["GB/s"]) * ADDITION
            yield f"add {row['version']}", row["threads"], ADDITION, speed, DOUBLES
    for row in rows_of(CHAPTER / "mandelbrot"):
        if row["program"] == "mandelbrot.c" and row["version"] in {"serial", "simd", "dynamic"}:
            n, operations = int(row["title"].split()[0]), STEP * int(row["answer"])
            speed, name = operations / row["wall"] / 1e9, f"mandelbrot {row['version']}"
            yield name, row["threads"], operations / (PIXEL * n**2), speed, DOUBLES
    for row in rows_of(SGD):
        if row["program"] == "ladder.py" and row["version"] in {"serial", "batched", "openmp"}:
            speed = float(row["GB/s"]) * FLIGHT
            yield f"sgd {row['version']}", row["threads"], FLIGHT, speed, FUSED


def draw(dots, memory, cores, path):
    axes = Figure(figsize=(8, 5), layout="constrained").subplots()
    few, many = 1 / 64, 1024
    axes.plot([few, cores / memory], [few * memory, cores], color="gray")
    for share, name in (FUSED, "floats, fused"), (DOUBLES, "doubles, not fused"):
        axes.plot([cores * share / memory, many], [cores * share] * 2, color="gray")
        axes.text(many, cores * share, name, ha="right", va="bottom")
    for name, threads, intensity, speed, _ in dots:
        axes.plot(intensity, speed, "o", label=f"{name} ({threads})")
    axes.set(xlabel="operations for each byte asked for", ylabel="GFLOP/s")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.legend()
    axes.figure.savefig(path, format="svg")


def main():
    read_options(__doc__)
    memory, cores = limits()
    dots = list(kernels())
    print(f"limits: {memory:.1f} GB/s; {cores:.1f} GFLOP/s in floats, fused\n")
    print("kernel              threads flop/byte    GB/s GFLOP/s of-memory of-cores")
    for name, threads, intensity, speed, share in dots:
        rates = f"{intensity:>10.3g}{speed / intensity:>8.1f}{speed:>8.1f}"
        most, fastest = limits(threads)
        near = f"{speed / intensity / most:>10.0%}{speed / fastest / share:>9.0%}"
        print(f"{name:<20}{threads:>7}{rates}{near}")
    store(CHAPTER / "build/roofline.svg", lambda path: draw(dots, memory, cores, path))


if __name__ == "__main__":
    run(main)
