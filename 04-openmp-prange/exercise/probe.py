"""Look at a compiled blur() while it runs, in a process of its own: it may crash or hang.

    probe.py pixels|timing LIBRARY

For check.py, which compiles LIBRARY from C or from Cython, and for `pixels` with harness.h. Prints
lines "CLAIM<tab>PROBLEM"; where there is no problem, the claim holds.
"""

import ctypes
import signal
import sys
import time
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader

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
        *((name, ctypes.c_int64 * 2) for name in ("came", "missed")),
        *((name, ctypes.c_int64) for name in ("jumps", "strays")),
    )


def load(path):
    """Return blur(image, blurred, threads), whether it was written in C or in Cython."""
    library = ctypes.CDLL(path)
    if hasattr(library, "PyInit_blur"):
        loader = ExtensionFileLoader("blur", path)
        module = module_from_spec(spec_from_loader("blur", loader))
        loader.exec_module(module)
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


def alone(check):
    """Return "" or why not all threads of the team were at work at the same time."""
    came, half = check.came
    team = check.team
    if came != team:
        return (
            f"{came} of {team} threads set pixels; is the loop shared out to all of them, and are"
            " they as many as `threads` says?"
        )
    if check.missed[0]:
        return LOCKED
    return "" if half == team else f"only {half} of {team} threads have half of a fair share"


def pixels(blur, check):
    """Yield (claim, problem) pairs."""
    found = next(filter(None, (problem(blur, check, shape, 1) for shape in SHAPES)), "")
    yield "every pixel is right on one thread", found
    if found:
        return
    for team in TEAMS:
        found = problem(blur, check, LARGE, team, team)
        apart, jumps = alone(check), check.jumps
        if found or apart:
            break
    others = (problem(blur, check, shape, threads) for shape in SHAPES for threads in (2, 3, 8))
    yield "every pixel is right on several threads", found or next(filter(None, others), "")
    yield "all threads are at work at the same time, each on a part", apart
    steps = LARGE[0] * LARGE[1]
    order = f"{jumps:,} of {steps:,} steps go to another row; which loop should be inside?"
    yield "each thread goes along the rows", order if jumps > steps / 2 else ""


def timing(blur, _):
    """Yield the seconds on one thread and on two, the best of seven each."""
    image = random_image((2048, 2048))
    blurred, best = np.empty_like(image), []
    for threads in (1, 2):
        seconds = []
        for _ in range(7):
            start = time.perf_counter()
            blur(image, blurred, threads)
            seconds.append(time.perf_counter() - start)
        best.append(f"{min(seconds):.5f}")
    yield "seconds", " ".join(best)


def main():
    signal.alarm(600)  # ends it, should check.py not be there any more to do so
    question, path = sys.argv[1:]
    check = question == "pixels" and Check.in_dll(ctypes.CDLL(path), "blur_check")
    for claim, found in {"pixels": pixels, "timing": timing}[question](load(path), check):
        print(f"\n{claim}\t{found}", flush=True)


if __name__ == "__main__":
    main()
