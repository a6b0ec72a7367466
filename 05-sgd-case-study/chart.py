"""A picture of points for the terminal, on two logarithmic axes."""

import math

WIDTH, HEIGHT = 64, 18


def ticks(low, high):
    """Return the powers of ten within low..high."""
    return [10.0**e for e in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]


def place(value, low, high, cells):
    """Return the cell, 0 to cells - 1, of a value on a logarithmic axis from low to high."""
    return round(math.log(value / low) / math.log(high / low) * (cells - 1))


def draw(curves, y_label, unit="s"):
    """Return the lines of a picture, and under it whose points have which letter.

    curves: {name: [(x, y), ...]}, all positive. y_label(value): the text of a tick beside the
    picture. unit: of x. Where two points meet, the curve that comes last is seen.
    """
    points = [point for curve in curves.values() for point in curve]
    xs, ys = zip(*points, strict=True)
    cells = [[" "] * WIDTH for _ in range(HEIGHT)]
    letters = dict(zip(curves, "abcdefghijklmnopqrstuvwxyz", strict=False))
    for name, curve in curves.items():
        for x, y in curve:
            row = HEIGHT - 1 - place(y, min(ys), max(ys), HEIGHT)
            cells[row][place(x, min(xs), max(xs), WIDTH)] = letters[name]
    left = [""] * HEIGHT
    for tick in ticks(min(ys), max(ys)):
        left[HEIGHT - 1 - place(tick, min(ys), max(ys), HEIGHT)] = y_label(tick)
    yield from (
        f"{label:>8} |{''.join(row)}".rstrip() for label, row in zip(left, cells, strict=True)
    )
    below, numbers = [" "] * WIDTH, [" "] * (WIDTH + 8)
    for tick in ticks(min(xs), max(xs)):
        at = place(tick, min(xs), max(xs), WIDTH)
        below[at], numbers[at : at + 5] = "+", f"{tick:<5g}"
    yield " " * 9 + "+" + "".join(cell if cell == "+" else "-" for cell in below)
    yield (" " * 10 + "".join(numbers).rstrip() + f" {unit}").rstrip()
    names = [f"{letter} {name}" for name, letter in letters.items()]
    wide = max(map(len, names)) + 2
    for low in range(0, len(names), WIDTH // wide):
        line = "".join(f"{name:<{wide}}" for name in names[low : low + WIDTH // wide])
        yield " " * 10 + line.rstrip()
