"""Which thread computes which row of the Mandelbrot set, under four of OpenMP's schedules?

    python picture.py

A digit is the number of a row's thread: 64 rows, from the top to the bottom. In
build/mandelbrot.png, the first panel shows how many steps each pixel takes; in the others a row has
the colour of its thread.
"""

from functools import partial
from pathlib import Path

from bench import built, enough_memory, openmp_threads, read_options, run, store

THREADS = openmp_threads()
with built():
    import mandelbrot_cython
    import numpy as np
    from matplotlib import colormaps
    from matplotlib.figure import Figure

SCHEDULES = {  # a version of mandelbrot.c: how compute() shares the rows out
    "static": {"schedule": "static"},
    "static-16": {"schedule": "static", "chunk": 16},
    "dynamic": {"schedule": "dynamic", "chunk": 1},
    "dynamic-16": {"schedule": "dynamic", "chunk": 16},
}
DIGITS = 64
# Of Okabe and Ito (2008), for colour-blind people too.
COLOURS = "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#f0e442", "#b4b4b4"
PICTURE = Path(__file__).parent / "build/mandelbrot.png"


def by_thread(owners, brightness):
    """Return an RGB picture: each row in its thread's colour, as bright as brightness says."""
    colours = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in COLOURS])
    return colours[owners % len(COLOURS)][:, None] * (0.2 + 0.8 * brightness)[:, :, None]


def draw(panels, path):
    figure = Figure(figsize=(3 * len(panels), 3.2), layout="constrained")
    for axes, (name, pixels) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        axes.imshow(pixels, interpolation="nearest")
        axes.set_title(name)
        axes.set_axis_off()
    figure.savefig(path, format="png")


def main():
    args = read_options(
        __doc__,
        n=(1024, 1, 10_000, "rows, and pixels in a row"),
        i=(500, 1, 2**32 - 1, "most steps a pixel"),
        t=(THREADS, 1, 256, "threads"),
    )
    enough_memory(400 * args.n**2)
    counts = np.zeros((args.n, args.n), np.uint32)
    panels = {}
    for name, how in SCHEDULES.items():
        who = mandelbrot_cython.compute(counts, args.i, args.t, **how)[0]
        brightness = np.log1p(counts) / np.log1p(args.i)
        panels[name] = by_thread(who, brightness)
        print(f"{name:<12}" + "".join(str(owner % 10) for owner in who[:: -(-args.n // DIGITS)]))
    panels = {"steps": colormaps["magma"](brightness)} | panels
    store(PICTURE, partial(draw, panels))
    print("the picture is in build/mandelbrot.png")


if __name__ == "__main__":
    run(main)
