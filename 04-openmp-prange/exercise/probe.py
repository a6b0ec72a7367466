"""Look at a compiled blur() while it runs, in a process of its own: it may crash or hang.

    probe.py LIBRARY NUMBER

For check.py, which compiles LIBRARY from C or from Cython, with harness.h. Prints a line for each
of its claims, the number and what is wrong; see tools/exercise.py.
"""

import ctypes
import sys
from importlib.util import module_from_spec, spec_from_file_location

import numpy as np

TEAMS = 3, 4  # threads, none of them what OpenMP would take by itself on many machines
LARGE = 1201, 307  # rows and columns: many for each thread, and no multiple of its number
SHAPES = (1, 1), (1, 9), (9, 1), (2, 2), (3, 5), (5, 3), (40, 50), LARGE
LOCKED = "a thread in set_pixel() waited in vain for the others; is there a lock around it?"


class Check(ctypes.Structure):
    """The struct in harness.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("first", "times")),
        *((name, ctypes.c_int64) for name in ("pixels", "columns", "call", "team")),
        ("came", ctypes.c_int64 * 2),
        ("rooms", ctypes.c_int * 2 * 2),  # of threads, [now, at most]
        *((name, ctypes.c_int64) for name in ("jumps", "strays", "vain")),
    )


def load(path):
    """Return blur(image, blurred, threads), whether it was written in C or in Cython."""
    library = ctypes.CDLL(path)
    if hasattr(library, "PyInit_blur"):
        spec = spec_from_file_location("blur", path)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.blur
    size, pixels = ctypes.c_ssize_t, np.ctypeslib.ndpointer(np.uint8, 2, flags="C")
    library.blur.argtypes = size, size, pixels, pixels, ctypes.c_int
    return lambda image, blurred, threads: library.blur(*image.shape, image, blurred, threads)


def random_image(shape):
    return np.random.default_rng().integers(256, size=shape, dtype=np.uint8)


def expected(image):
    rows, columns = image.shape
    wide = np.pad(image.astype(int), 1, mode="edge")
    return (sum(wide[i : i + rows, j : j + columns] for i in range(3) for j in range(3)) + 4) // 9


def problem(blur, check, shape, threads, team=0):
    """Blur a random image; return "" or what is wrong with the pixels."""
    image, times = random_image(shape), np.zeros(shape, np.uint8)
    right = expected(image)
    blurred = ~right.astype(np.uint8)  # what is left out cannot pass
    places = blurred.ctypes.data, times.ctypes.data
    ctypes.pointer(check)[0] = Check(*places, image.size, shape[1], check.call + 1, team)
    blur(image, blurred, threads)
    where = f"{threads} threads, {shape[0]} x {shape[1]} pixels:".replace("1 threads", "1 thread")
    if check.strays:
        return f"{where} set_pixel() is given a place outside the blurred image"
    if not times.all():
        return f"{where} set_pixel() is never called for {np.sum(times == 0):,} of them"
    if times.max() > 1:
        return f"{where} one is set {times.max()} times; does each thread go through all rows?"
    wrong = np.sum(blurred != right)
    hint = "; which array or variable do two threads write to?" if threads > 1 else ""
    return f"{where} {wrong:,} of {image.size:,} wrong{hint}" if wrong else ""


def alone(check, team):
    """Return "" or why not all threads of the team were at work at the same time."""
    came, half = check.came
    if came != team:
        return (
            f"{came} of {team} threads set pixels; is the loop shared out to all of them, and are"
            " they as many as `threads` says?"
        )
    if check.rooms[0][1] < team:
        return LOCKED
    return "" if half == team else f"only {half} of {team} threads have half of a fair share"


def pixels(blur, check):
    """Yield what is wrong with check.py's claims, one after the other."""
    found = next(filter(None, (problem(blur, check, shape, 1) for shape in SHAPES)), "")
    yield found
    if found:
        return
    for team in TEAMS:
        found = problem(blur, check, LARGE, team, team)
        apart, jumps = alone(check, team), check.jumps
        if found or apart:
            break
    others = (problem(blur, check, shape, threads) for shape in SHAPES for threads in (2, 3, 8))
    yield found or next(filter(None, others), "")
    yield apart
    steps = LARGE[0] * LARGE[1]
    order = f"{jumps:,} of {steps:,} steps go to another row; which loop should be inside?"
    yield order if jumps > steps / 2 else ""


def main():
    path, number = sys.argv[1:]
    for found in pixels(load(path), Check.in_dll(ctypes.CDLL(path), "blur_check")):
        print(number, found, flush=True)


if __name__ == "__main__":
    main()
