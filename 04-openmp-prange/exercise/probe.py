"""Look at a compiled blur() while it runs, in a process of its own: it may crash or hang.

    probe.py FOLDER NUMBER

For each of check.py's claims it prints the number and what was seen against it.
"""

import ctypes
import sys
from importlib import import_module

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

TEAMS = 3, 4  # threads, none of them what OpenMP would take by itself on many machines
LARGE = 1201, 307  # rows and columns: many for each thread, and no multiple of its number
SHAPES = (1, 1), (1, 9), (9, 1), (2, 2), (3, 5), (5, 3), (40, 50), LARGE
COUNTS = "pixels columns call team vain jumps strays came half inside met inside_half met_half"


class Check(ctypes.Structure):
    """The struct in harness.h."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("first", "times")]
    _fields_ += [(name, ctypes.c_int) for name in COUNTS.split()]


def load(folder, library):
    """Return blur(image, blurred, threads), whether it was written in C or in Cython."""
    if hasattr(library, "PyInit_blur"):
        sys.path.insert(0, folder)
        return import_module("blur").blur
    size, pixels = ctypes.c_ssize_t, np.ctypeslib.ndpointer(np.uint8)
    library.blur.argtypes = size, size, pixels, pixels, ctypes.c_int
    return lambda image, blurred, threads: library.blur(*image.shape, image, blurred, threads)


def wrong_pixels(blur, check, shape, threads, team=0):
    """Blur a random image; return "" or what is wrong with the pixels."""
    image = np.random.default_rng().integers(256, size=shape, dtype=np.uint8)
    nines = sliding_window_view(np.pad(image, 1, mode="edge"), (3, 3))
    right, times = (nines.sum((2, 3), int) + 4) // 9, np.zeros_like(image)
    blurred = (255 - right).astype(np.uint8)  # what is left out cannot pass
    begin = image.size, shape[1], check.call + 1, team, check.vain
    ctypes.pointer(check)[0] = Check(blurred.ctypes.data, times.ctypes.data, *begin)
    blur(image, blurred, threads)
    where = f"{threads} thread{'s' * (threads > 1)}, {shape[0]} x {shape[1]} pixels:"
    if check.strays:
        return f"{where} set_pixel() is given a place outside the blurred image"
    if missing := np.sum(times == 0):
        return f"{where} set_pixel() is never called for {missing:,} of them"
    if times.max() > 1:
        return f"{where} one is set {times.max()} times; does each thread go through all rows?"
    wrong = np.sum(blurred != right)
    hint = "; which array or variable do two threads write to?" * (threads > 1)
    return f"{where} {wrong:,} of {image.size:,} wrong{hint}" if wrong else ""


def apart(check, team):
    """Return "" or why not all threads of the team were at work at the same time."""
    if check.came != team:
        hint = "is the loop shared out to all of them, and are they as many as `threads` says?"
        return f"{check.came} of {team} threads set pixels; {hint}"
    if check.met < team:
        return "a thread in set_pixel() waited in vain for the others; is there a lock around it?"
    return f"only {check.half} of {team} threads have half of a fair share" * (check.half < team)


def first(problems):
    return next(filter(None, problems), "")


def ask(blur, check):
    """Yield what is wrong with check.py's claims, one after the other."""
    yield (found := first(wrong_pixels(blur, check, shape, 1) for shape in SHAPES))
    if found:
        return
    seen = [(wrong_pixels(blur, check, LARGE, team, team), apart(check, team)) for team in TEAMS]
    found, alone = map(first, zip(*seen, strict=True))
    hint = "steps go to another row; which loop should be inside?"
    order = f"{check.jumps:,} of {check.pixels:,} {hint}" * (check.jumps > check.pixels / 2)
    yield found or first(wrong_pixels(blur, check, s, n) for s in SHAPES for n in (2, 3, 8))
    yield from (alone, order)


folder, number = sys.argv[1:]
library = ctypes.CDLL(f"{folder}/blur.so")
for problem in ask(load(folder, library), Check.in_dll(library, "blur_check")):
    print(number, problem, flush=True)
