"""Call the reader's train() and say what is right: check.py runs it in a process of its own.

    probe.py LIBRARY NUMBER

Prints a line for each of check.py's claims, the number and what is wrong; see tools/exercise.py.
"""

import ctypes
import sys

import numpy as np

FEATURES, ROWS, BLOCKS, EPOCHS = 32, 512, 24, 3


ROOM = "now", "together", "expected", "milliseconds"  # struct meeting, of tools/meet.h


class Data(ctypes.Structure):
    _fields_ = (("rows", ctypes.c_void_p), ("labels", ctypes.c_void_p), ("blocks", ctypes.c_size_t))


class Seen(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_int) for name in ("team", *ROOM, "shared", "calls"))


def made_up(seed):
    """Return the struct for C of a problem that differs with the seed."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((BLOCKS * ROWS, FEATURES), dtype=np.float32)
    rows[:, -1] = 1
    truth = random.standard_normal(FEATURES) / 2
    late = random.random(len(rows)) < 1 / (1 + np.exp(-(rows @ truth)))
    labels = np.where(late, 1, -1).astype(np.float32)
    data = Data(rows.ctypes.data, labels.ctypes.data, BLOCKS)
    data.kept = rows, labels  # as long as the struct that points to them
    return data


def expected(library, data, threads, due, divisor):
    """Return the weights of local SGD, trained here one worker after the other.

    due(k): whether each worker's weights become their sum by divisor after so many blocks of all.
    """
    weights = np.zeros((threads, FEATURES), dtype=np.float32)
    part = BLOCKS // threads
    library.reset(0)
    for k in range(EPOCHS * part):
        for t in range(threads):
            block = ctypes.c_size_t(t * part + k % part)
            library.train_on(ctypes.byref(data), block, pointer(weights[t]))
        if due(k + 1):
            weights[:] = weights.sum(axis=0, dtype=float) / divisor
    return weights[0]


def pointer(array):
    return ctypes.c_void_p(array.ctypes.data)


def answer_of(library, data, threads, every, team):
    answer = np.zeros(FEATURES, dtype=np.float32)
    library.reset(team)
    library.train(ctypes.byref(data), threads, ctypes.c_size_t(every), EPOCHS, pointer(answer))
    return answer, Seen.in_dll(library, "seen")


def near(answer, other):
    return np.abs(answer - other).max() <= 1e-5 * np.abs(other).max()


def wrong(library, seed, threads, every, team=0):
    """Return "" or what is wrong with the answer for this problem."""
    data = made_up(seed)
    answer, seen = answer_of(library, data, threads, every, team)
    if seen.calls != BLOCKS * EPOCHS:
        return f"{seen.calls} calls of train_on(), not {BLOCKS * EPOCHS}: each block once an epoch"
    part = BLOCKS // threads
    best = expected(library, data, threads, lambda k: k % every == 0, threads)
    if near(answer, best):
        return ""
    with np.errstate(over="ignore", invalid="ignore"):
        known = {
            "the weights are added up, and not divided": (lambda k: k % every == 0, 1),
            "the weights are only added up, at the end": (lambda k: k == EPOCHS * part, 1),
            "the weights are averaged at the end only": (lambda k: k == EPOCHS * part, threads),
            "the weights are averaged once an epoch": (lambda k: k % part == 0, threads),
            "the weights are averaged a block too early": (lambda k: (k - 1) % every == 0, threads),
        }
        hints = [
            hint
            for hint, how in known.items()
            if near(answer, expected(library, data, threads, *how))
        ]
    hint = hints[0] if threads > 1 and hints else "what is averaged, when, and who waits for it?"
    off = np.abs(answer - best).max() / np.abs(best).max()
    where = f"{threads} thread{'s' * (threads > 1)}, every = {every}"
    return f"{where}: the weights are off by {min(off, 99):.2%}; {hint}"


def alone(library, threads):
    """Return "" or how the threads were not at work together, each on its own weights."""
    data = made_up(5)
    _, seen = answer_of(library, data, threads, 2, threads)
    if seen.together < threads:
        return f"only {seen.together} of {threads} threads train together; who waits for whom?"
    if seen.shared:
        return f"{seen.shared} times two threads trained the same weights; give each thread its own"
    return ""


def twice(library):
    """Return "" or that two runs differ."""
    data = made_up(7)
    first, second = (answer_of(library, data, 4, 2, 4)[0].tobytes() for _ in range(2))
    return "" if first == second else "two runs differ; in which order are the weights added up?"


def main():
    path, number = sys.argv[1:]
    library = ctypes.CDLL(path)
    claims = (
        lambda: wrong(library, 1, 1, 4),
        lambda: alone(library, 2) or alone(library, 4),
        lambda: wrong(library, 2, 2, 4, 2) or wrong(library, 3, 2, 12, 2),
        lambda: wrong(library, 4, 4, 1, 4) or wrong(library, 5, 4, 3, 4),
    )
    problems = []
    for claim in claims:
        problems.append(claim())
        print(number, problems[-1], flush=True)
    if not any(problems):
        print(number, twice(library), flush=True)


if __name__ == "__main__":
    main()
