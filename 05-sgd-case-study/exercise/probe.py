"""Call the reader's train() and watch it, in a process of its own: it may crash or hang.

probe.py LIBRARY NUMBER prints, for each claim, the number and what was seen against it.
"""

import ctypes
import sys
from functools import partial
from random import random
from threading import Barrier
from time import sleep

import numpy as np

FEATURES, BLOCKS, EPOCHS = 32, 24, 3
CASES = [(1, 4)], [(2, 4), (2, 12)], [(3, 2), (4, 1), (4, 3)]  # threads, every
SIZE, FLOAT = ctypes.c_size_t, ctypes.c_float
TRAIN_ON = ctypes.CFUNCTYPE(None, SIZE, ctypes.POINTER(FLOAT * FEATURES))
SET_WEIGHT = ctypes.CFUNCTYPE(None, ctypes.POINTER(FLOAT), ctypes.c_double)
near = partial(np.isclose, rtol=1e-3, atol=1e-4)  # of NaN it says no


class Call:
    """A call of train(), with a train_on() and a set_weight() that are slow and take notes."""

    def __init__(self, threads, every, late=0):
        self.threads, self.every, self.late, self.part = threads, every, late, BLOCKS // threads
        self.given = np.zeros((self.part * EPOCHS, threads, FEATURES), "f4")  # to train_on()
        self.made, self.answer = self.given.copy(), np.zeros(FEATURES, "f4")
        self.times, self.places, self.changed, self.sets = np.zeros(BLOCKS, int), {}, [], []
        self.begin = Barrier(threads)
        keep = TRAIN_ON(self.train_on), SET_WEIGHT(self.set_weight)
        for name, function in zip(("train_on", "set_weight"), keep, strict=True):
            ctypes.pointer(type(function).in_dll(library, name))[0] = function
        library.train(BLOCKS, threads, every, EPOCHS, self.answer)

    def train_on(self, block, pointer):
        worker, epoch = block // self.part, self.times[block] % EPOCHS
        step = epoch * self.part + block % self.part
        self.times[block] += 1
        self.places[worker] = ctypes.addressof(pointer.contents)
        given, weights = self.given[step, worker], np.frombuffer(pointer.contents, "f4")
        given[:] = weights
        if step == 0:  # all threads begin together
            self.begin.wait(timeout=2)
        due, late = (step + 1) % self.every == 0, (step // self.every + self.late) % self.threads
        for _ in range(50 * (due and late == worker)):  # for each average, another thread is late
            sleep(1e-6)  # not long: where the others get no core, this one gets none either
        self.changed.append(given.tobytes() != weights.tobytes())
        weights += (change := rows[block] / (1 + np.exp(rows[block] @ given)))
        self.made[step, worker] = given + change

    def set_weight(self, weight, value):
        self.sets.append(value)
        sleep(random() / 1e4)
        weight[0] = value


def wrong_weights(call):
    """Return "" or what is wrong with the weights that train_on() got, and since when."""
    right = np.roll(call.made, 1, axis=0)
    right[0] = 0
    right[:: call.every] = right[:: call.every].mean(1, keepdims=True)
    for step in np.flatnonzero(~near(call.given, right).all((1, 2))):
        about = call.given[step], call.made[step - 1], step % call.every == 0, any(call.changed)
        return f"every = {call.every}, after block {step} of each thread: {mistake(*about)}"
    last = call.made[-1].mean(0)
    return "" if near(call.answer, last).all() else "the answer is not the last average"


def mistake(given, own, due, early):
    """Say what weights were given instead; own: what each thread had made of those before."""
    is_own, is_mean, is_sum = (near(given, w) for w in (own, own.mean(0), own.sum(0)))
    trains_on = (is_own | is_mean).all(1) & ~is_mean.all(1)
    known = {
        "the weights are added up, but not divided": is_sum.all(),
        "nobody averages the weights": is_own.all(),
        "the weights are averaged, which is too early": is_mean.all(),
        "all threads go on with the weights of one": any(near(given, w).all() for w in own),
        "a thread trains on before the average is there; who waits?": due and trains_on.any(),
        "weights are set while their thread trains; who waits until all have come?": early,
        "these are neither a thread's own nor the average; who does not wait?": True,
    }
    return next(said for said, true in known.items() if true)


def problem(threads, every):
    """Return "" or what is wrong with so many threads."""
    call = Call(threads, every)
    if (wrong := call.times != EPOCHS).any():
        return f"block {wrong.argmax()} is not trained once in each epoch"
    if call.begin.broken:
        return f"the {threads} threads do not train at the same time; is there a lock?"
    if len(set(call.places.values())) < threads:
        return "two threads train the same weights; give each thread its own"
    averages = len(call.made) // every * (threads > 1)
    few = f"{len(call.sets)} calls of set_weight() for {averages} averages of {FEATURES} weights"
    return wrong_weights(call) or few * (len(call.sets) < averages * FEATURES)


path, number = sys.argv[1:]
library, rows = ctypes.CDLL(path), np.random.default_rng().normal(0.1, 0.5, (BLOCKS, FEATURES))
library.train.argtypes = SIZE, ctypes.c_int, SIZE, ctypes.c_int, np.ctypeslib.ndpointer("f4")
for cases in CASES:
    found = next(filter(None, (problem(*case) for case in cases)), "")
    print(number, found, flush=True)
    if found:
        sys.exit()
first, second = (Call(4, 3, late).answer.tobytes() for late in (0, 1))
print(number, "they differ; in which order are the weights added up?" * (first != second))
