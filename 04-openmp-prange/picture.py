"""Which thread computes which row of the Mandelbrot set, under four of OpenMP's schedules?

    python picture.py

In the terminal, and in build/mandelbrot.png: bright is what took many steps, and a row has the
colour of the thread that computed it.
"""

import argparse
import contextlib
import errno
import math
import os
import sys
from pathlib import Path

from bench import built, enough_memory, fail, openmp_threads, read_options, run

THREADS = openmp_threads()
with built():
    import mandelbrot
    import numpy as np
    from PIL import Image
    from rich.console import Console
    from rich.text import Text

SCHEDULES = {  # a version of mandelbrot.c and mandelbrot.py: how compute() shares out the rows
    "static": {"schedule": "static"},
    "static-16": {"schedule": "static", "chunk": 16},
    "dynamic": {"schedule": "dynamic", "chunk": 1},
    "guided": {"schedule": "guided", "chunk": 1},
}
HUES = "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#f0e442", "#b4b4b4"
BUILD = Path(__file__).parent / "build"


def view(text):
    """Read X,Y,WIDTH."""
    text = text.strip()
    try:
        x, y, width = map(float, text.split(","))
    except ValueError:
        x = y = width = math.nan
    if math.isfinite(x) and math.isfinite(y) and 0 < width < math.inf:
        return x, y, width
    problem = "expected X,Y,WIDTH, three numbers, the last above 0"
    raise argparse.ArgumentTypeError(f"{text!r}: {problem}")


def read_picture_options(about, n, threads, **more):
    for at, word in enumerate(sys.argv[1:], 1):
        if sys.argv[at - 1] == "-v":  # argparse would take -0.6,0.65,2 for an option
            sys.argv[at] = f" {word}"
    return read_options(
        about,
        n=(n, 1, 100_000, "rows, and pixels in a row"),
        i=(500, 1, 2**32 - 1, "most steps a pixel"),
        t=(threads, 1, 256, "threads"),
        # Not symmetric: its upper half takes 26 times as many steps as the lower one.
        v={"type": view, "default": (-0.6, 0.65, 2), "metavar": "X,Y,WIDTH", "help": "the part"},
        **more,
    )


def out(path):
    return {"metavar": "FILE.png", "default": path, "help": "a picture of who computed what"}


def panels(args, counts):
    """Fill counts once by each schedule; return {schedule: the thread of each row}."""
    return {
        name: mandelbrot.compute(counts, args.v, args.i, args.t, **how)[0]
        for name, how in SCHEDULES.items()
    }


def colour(owner, brightness):
    """Return red, green and blue for a row's thread and a pixel's brightness of 0 to 1."""
    hue = int(HUES[owner % len(HUES)][1:], 16)
    return [int((hue >> shift & 255) * (8 + 31 * brightness) / 39) for shift in (16, 8, 0)]


def write_png(args, counts, owners):
    """Write the panels side by side, in full or not at all. The palette is that of picture.h."""
    levels = (31 * np.log1p(counts) / np.log1p(args.i)).astype(np.uint8)
    hues = [np.frombuffer(who, np.uint8)[:, None] % len(HUES) for who in owners.values()]
    image = Image.fromarray(np.hstack([32 * hue + levels for hue in hues]))
    image.putpalette([part for i in range(256) for part in colour(i // 32, i % 32 / 31)])
    path, unfinished = Path(args.out), Path(f"{args.out}.part")
    try:
        if path.exists() and not path.is_file():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        image.save(unfinished, format="PNG", optimize=True)
        unfinished.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        fail(2, f"--out '{args.out}': {error.strerror}")


def panel(brightness, owners, in_colour):
    """Yield lines of text: two rows of pixels each, as the halves of a character.

    Without colours it is the number of the row's thread where many steps were taken.
    """
    for r in range(0, len(owners) - 1, 2):
        line = Text()
        for upper, lower in zip(brightness[r], brightness[r + 1], strict=True):
            if in_colour:
                above, below = colour(owners[r], upper), colour(owners[r + 1], lower)
                line.append("▀", "rgb({},{},{}) on rgb({},{},{})".format(*above, *below))
            else:
                line.append(str(owners[r] % 10) if upper > 0.3 else "·")
        yield line


def show(console, counts, owners, most):
    """Print the panels side by side, as wide as the terminal allows."""
    width = min(24, (console.width + 1) // len(owners) - 1)
    rows = np.linspace(0, len(counts) - 1, width // 2 * 2).astype(int)
    columns = np.linspace(0, counts.shape[1] - 1, width).astype(int)
    brightness = np.log1p(counts[np.ix_(rows, columns)]) / np.log1p(most)
    in_colour = bool(console.color_system)
    console.print(" ".join(f"{name:<{width}}" for name in owners), highlight=False)
    panels = [panel(brightness, [who[r] for r in rows], in_colour) for who in owners.values()]
    for lines in zip(*panels, strict=True):
        console.print(Text(" ").join(lines))
    if not in_colour:
        console.print("a digit: the thread of this row; a dot: few steps", highlight=False)


def main():
    args = read_picture_options(__doc__, 200, THREADS, out=out(BUILD / "mandelbrot.png"))
    enough_memory(4 * args.n**2)
    counts = np.zeros((args.n, args.n), np.uint32)
    owners = panels(args, counts)
    show(Console(), counts, owners, args.i)
    write_png(args, counts, owners)


if __name__ == "__main__":
    run(main)
