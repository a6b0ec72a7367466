"""Look at the reader's train() while it runs, in a process of its own: it may crash or hang.

probe.py LIBRARY NUMBER prints, for each claim, the number and what was seen against it.
"""

import ctypes
import sys
from functools import partial

import numpy as np

FEATURES, BLOCKS, EPOCHS = 32, 24, 3
CASES = [(1, 4)], [(2, 4), (2, 12)], [(3, 2), (4, 1), (4, 3)]  # threads, every
COUNTS = "sets early team every late inside highest expected milliseconds"
SEEN = [("rows", "f4", (BLOCKS, FEATURES)), ("before", "f4", (BLOCKS * EPOCHS, FEATURES))]
SEEN += [("place", np.uintp, 16), ("times", "i4", BLOCKS), *((n, "i4") for n in COUNTS.split())]
near = partial(np.isclose, rtol=1e-3, atol=1e-4)  # of NaN it says no


def run(threads, every, late=0):
    """Call train(); return its answer, and a copy of what was seen."""
    answer = np.zeros(FEATURES, "f4")
    seen[...] = 0
    seen["rows"], seen["team"], seen["every"], seen["late"] = rows, threads, every, late
    library.train(BLOCKS, threads, every, EPOCHS, answer)
    return answer, seen.copy()


def wrong_weights(came, threads, every, answer):
    """Train the same workers one after the other; return "" or what is wrong, and since when."""
    part, own = BLOCKS // threads, np.zeros((threads, FEATURES), "f4")
    weights = own
    seen["times"], seen["team"], seen["every"] = 0, 1, 99  # nobody waits
    for step, given in enumerate(came["before"].reshape(-1, threads, FEATURES)):
        if not near(given, weights).all():
            said = mistake(given, own, step % every == 0, came["early"])
            return f"every = {every}, after block {step} of each thread: {said}"
        own = weights.copy()
        for t in range(threads):
            library.train_on(t * part + step % part, own[t])
        weights = own if (step + 1) % every else np.float32([own.mean(0, float)] * threads)
    return "" if near(answer, weights[0]).all() else "the answer is not the last average"


def mistake(weights, own, due, early):
    """Say what weights were given instead; own: what each thread had made of those before."""
    is_own, is_mean, is_sum = (near(weights, w) for w in (own, own.mean(0), own.sum(0)))
    trains_on = (is_own | is_mean).all(1) & ~is_mean.all(1)
    known = {
        "the weights are added up, but not divided": is_sum.all(),
        "nobody averages the weights": is_own.all(),
        "the weights are averaged, which is too early": is_mean.all(),
        "all threads go on with the weights of one": any(near(weights, w).all() for w in own),
        "a thread trains on before the average is there; who waits?": due and trains_on.any(),
        "weights are set while their thread trains; who waits until all have come?": early,
        "these are neither a thread's own nor the average; who does not wait?": True,
    }
    return next(said for said, true in known.items() if true)


def problem(threads, every):
    """Return "" or what is wrong with so many threads."""
    answer, came = run(threads, every)
    averages, sets = BLOCKS * EPOCHS // threads // every, came["sets"]
    if (wrong := came["times"] != EPOCHS).any():
        return f"block {wrong.argmax()} is not trained once in each epoch"
    if came["highest"] < threads:
        return f"{came['highest']} of {threads} threads train at the same time; is there a lock?"
    if len(set(came["place"][:threads])) < threads:
        return "two threads train the same weights; give each thread its own"
    found = wrong_weights(came, threads, every, answer)
    if not found and threads > 1 and not FEATURES <= sets / averages < FEATURES * threads * 2:
        return f"{sets} calls of set_weight() for {averages} averages of {FEATURES} weights"
    return found


path, number = sys.argv[1:]
library, size, floats = ctypes.CDLL(path), ctypes.c_size_t, np.ctypeslib.ndpointer(np.float32)
library.train_on.argtypes = size, floats
library.train.argtypes = size, ctypes.c_int, size, ctypes.c_int, floats
layout = np.dtype(SEEN, align=True)
memory = (ctypes.c_char * layout.itemsize).in_dll(library, "check_seen")
seen = np.frombuffer(memory, layout).reshape(())
rows = np.random.default_rng().normal(0.1, 0.5, seen["rows"].shape)
for cases in CASES:
    found = next(filter(None, (problem(*case) for case in cases)), "")
    print(number, found, flush=True)
    if found:
        sys.exit()
first, second = (run(4, 3, late)[0].tobytes() for late in (0, 1))
print(number, "they differ; in which order are the weights added up?" * (first != second))
