"""What stops each kernel: the memory or the cores? A roofline of what `make` has measured.

    python roofline.py

A kernel that does few operations for each byte of memory can be no faster than the memory allows
(the slanting roof), and one that does many no faster than the cores (the flat roof). After
Williams, Waterman and Patterson, "Roofline", CACM 52 (2009). The picture is in build/roofline.svg.
"""

from pathlib import Path

from bench import built, fail, read_options, run

with built():
    import pyperf
    from rich.bar import Bar
    from rich.console import Console
    from rich.table import Table

HERE = Path(__file__).parent
PICTURE = HERE / "build/roofline.svg"
LIMITS, ADD, MANDELBROT = "build/limits.json", "build/add.json", "build/mandelbrot.json"
SGD = "../05-sgd-case-study/build/sgd.json"  # if chapter 5 has been measured
# Operations for each byte, counted in the loops. An addition is 1 for 24 bytes. A flight's row is
# 32 features and a label, 132 bytes, or 68 in bfloat16; each feature is multiplied and added twice.
# A step of the Mandelbrot set is 8, and its pixel has 4 bytes in all.
ADDITION, FLIGHT, FLIGHT_IN_HALVES, STEP, PIXEL = 1 / 24, 4 * 32 / 132, 4 * 32 / 68, 8, 4
# In float, in which registers hold twice as many, and fused: as limits.c does. Or neither.
FLOATS, DOUBLES = 1, 1 / 4


def fastest(path):
    """Return {(program, version, threads): columns of the fastest run} of a stored measurement."""
    if not (HERE / path).is_file():
        return {}
    rows = {}
    for benchmark in pyperf.BenchmarkSuite.load(str(HERE / path)).get_benchmarks():
        best = min(benchmark.get_runs(), key=lambda run: run.values[0])
        row = best.get_metadata() | {"seconds": best.values[0]}
        rows[row["program"], row["version"], int(row["threads"])] = row
    return rows


def limits(rows):
    """Return the most GB/s of an addition and the most GFLOP/s that limits.c reached."""
    adding = [float(row["GB/s"]) for row in rows.values() if row["version"].startswith("add")]
    fused = [float(row["GFLOP/s"]) for row in rows.values() if row["version"] == "fma"]
    return max(adding), max(fused)


def kernels():
    """Yield (name, threads, operations a byte, GFLOP/s, share of the flat roof that it can use)."""
    for (program, version, threads), row in fastest(ADD).items():
        if program == "add.c":
            yield f"add {version}", threads, ADDITION, float(row["GB/s"]) * ADDITION, DOUBLES
    for (program, version, threads), row in fastest(MANDELBROT).items():
        if program == "mandelbrot.c" and version in ("serial", "simd", "parallel", "dynamic"):
            n, operations = int(row["title"].split()[0]), STEP * int(row["answer"])
            intensity, rate = operations / (PIXEL * n**2), operations / row["seconds"] / 1e9
            yield f"mandelbrot {version}", threads, intensity, rate, DOUBLES
    for (program, version, threads), row in fastest(SGD).items():
        if program == "sgd.c":
            flight = FLIGHT_IN_HALVES if version.startswith("bfloat16") else FLIGHT
            yield f"sgd {version}", threads, flight, float(row["GB/s"]) * flight, FLOATS


def show(console, dots, bandwidth, peak):
    """Print for each kernel its roof, and a bar of how near it comes."""
    table = Table(box=None, pad_edge=False)
    for column in "kernel", "threads", "flop/byte", "GFLOP/s", "roof", "stopped by":
        left = column in ("kernel", "stopped by")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    table.add_column("share")
    for name, threads, intensity, rate, usable in dots:
        roof = min(bandwidth * intensity, peak * usable)
        by = "memory" if roof < peak * usable else "cores"
        cells = f"{threads}", f"{intensity:.2f}", f"{rate:.1f}", f"{roof:.1f}", by
        table.add_row(name, *cells, Bar(1, 0, min(rate / roof, 1), width=13))
    console.print(table)


def draw(dots, bandwidth, peak):
    """Write the roofs and the dots as SVG."""
    from matplotlib import rc_context  # noqa: PLC0415 - only now: it takes half a second
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context({"svg.fonttype": "none", "font.size": 12}):
        figure = Figure(figsize=(8, 5), layout="constrained", facecolor="white")
        axes = figure.subplots()
        span = 1 / 64, 1024
        for usable, name in (FLOATS, "floats, fused"), (DOUBLES, "doubles, not fused"):
            roof, ridge = peak * usable, peak * usable / bandwidth
            axes.plot([ridge, span[1]], [roof, roof], color="#6a6a6a")
            axes.annotate(name, (span[1], roof), (0, 4), textcoords="offset points", ha="right")
        top = peak / bandwidth
        axes.plot([span[0], top], [bandwidth * span[0], peak], color="#6a6a6a")
        axes.annotate(
            "memory", (1 / 8, bandwidth / 8), (-8, 4), textcoords="offset points", ha="right"
        )
        for i, (name, threads, intensity, rate, _) in enumerate(dots):
            label = f"{name}, {threads}"
            axes.plot(intensity, rate, "so^Dv"[i // 10 % 5], color=f"C{i % 10}", label=label)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("floating-point operations for each byte asked for")
        axes.set_ylabel("GFLOP/s")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=9)
        figure.savefig(PICTURE, format="svg")


def main():
    read_options(__doc__)
    measured = fastest(LIMITS)
    if not measured:
        fail(2, "nothing is measured yet; in the folder above, type: make chapter-4 more-4")
    bandwidth, peak = limits(measured)
    dots = list(kernels())
    print(f"this machine: {bandwidth:.0f} GB/s, {peak:.0f} GFLOP/s (floats, fused multiply-adds)")
    show(Console(), dots, bandwidth, peak)
    draw(dots, bandwidth, peak)
    print("the picture is in build/roofline.svg")


if __name__ == "__main__":
    run(main)
