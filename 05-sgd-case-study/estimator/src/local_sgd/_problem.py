"""Training to tell two classes apart: steps, judgement, when it ends. Loops are in _kernel.pyx."""

import os
from importlib import import_module, util

import numpy as np
from joblib import cpu_count
from scipy.special import expit
from sklearn.utils import assert_all_finite

MANY = 2**16  # rows; fewer are shuffled first, and visited a batch at a time
BLOCK, BATCH = 512, 32  # rows that are visited together: of many, and of few
SAMPLE = 4096  # rows that means, deviations and curvature are taken of
WORTH = 2**17  # values that are worth a thread
FORKED = []  # not empty in a child, where GNU's OpenMP would wait for the parent's threads

os.register_at_fork(after_in_child=lambda: FORKED.append(True))

# The kernel for this processor, which NumPy has looked at.
simd = np.show_config(mode="dicts")["SIMD Extensions"]
found = {*simd.get("baseline", []), *simd.get("found", [])}
levels = {"_v4": {"X86_V4", "AVX512_SKX"}, "_v3": {"X86_V3", "AVX2"}, "": found}
runs = [f"local_sgd._kernel{level}" for level in levels if levels[level] & found or not level]
KERNEL = import_module(next(name for name in runs if util.find_spec(name)))


def check_finite(X):
    """Raise ValueError if a value is not."""
    assert_all_finite(X, input_name="X", estimator_name="LocalSGDClassifier")


def first_step(d):
    """Return a step for d standardised features, and the sum of the gradients of a batch."""
    return 1 / (4 + 4 * d)


def moments(X, weights, old=(0, 0, 0)):
    """Return weight, mean and variance of these rows and old ones (Chan et al. 1979)."""
    count, before = weights.sum(dtype=float), old[0]
    mean = np.einsum("i,ij->j", weights, X, dtype=float) / count
    variance = np.einsum("i,ij->j", weights, (X - mean) ** 2) / count
    share, apart = count / (before + count), mean - old[1]
    inside = old[2] + share * (variance - old[2] + (1 - share) * apart**2)
    return before + count, old[1] + share * apart, inside


class Problem:
    """Rows X (n, d), float32 or float64, and their weights (n,), of which begin() makes classes.

    known: moments of the features; without them they are those of a sample of X.
    """

    def __init__(self, X, weights, alpha, intercept, jobs, known=None):
        n, d = X.shape
        self.X, self.alpha, self.intercept = X, alpha, intercept
        # In fit only ratios of weights count, and a batch of few rows weighs as much as a full one.
        scale = 1 if known else -(-n // BATCH) * BATCH / weights.sum(dtype=float)
        self.weights = weights * X.dtype.type(scale)
        seen = np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.intp)
        self.sample, self.shares = X[seen].astype(float), weights[seen] / weights[seen].sum()
        check_finite(self.sample)
        self.moments = known or moments(self.sample, len(seen) * self.shares)
        self._standardise(*self.moments[1:])
        self.block = BLOCK if n >= MANY else BATCH
        self.blocks, count = -(-n // self.block), min(jobs, -(-n // BLOCK))
        self.threads = 1 if FORKED else min(count, cpu_count(), 1 + n * d // WORTH)
        # So far apart that no two workers write to one cache line.
        self.memory = np.zeros((count, 3, d + 66), X.dtype)
        self.workers = self.memory[:, :, : d + 1]

    def _standardise(self, mean, variance):
        if not self.intercept:
            mean, variance = 0 * mean, variance + mean**2
        for j in np.flatnonzero(variance == 0):  # perhaps it varies outside of the sample
            variance[j] = self.X[:, j].astype(float).var()
        if not np.isfinite(mean + variance).all():
            raise ValueError("X has numbers that are too large to be squared: scale them")
        with np.errstate(all="ignore"):
            inverse = variance**-0.5
            # Of a constant there is nothing to learn; nor where the penalty leaves nothing.
            noise = (4 * np.finfo(self.X.dtype).eps * mean) ** 2
            inverse[(variance <= noise) | (self.alpha / variance > 1e12)] = 0
        self.mean, self.inverse, self.penalty = mean, inverse, self.alpha * inverse**2
        numbers = np.concatenate([mean, inverse, self.penalty, [self.intercept]])
        self.coordinates = numbers.astype(self.X.dtype)

    def begin(self, positive, best):
        """Tell positive rows, bool (n,), from the others; go on from weights and intercept."""
        self.labels = np.where(positive, 1, -1).astype(self.X.dtype)
        self.best, self.epochs = best, 0

    def _visit(self, order, step, seen, sums=None):
        rows = self.X, self.labels, self.weights, order, self.block, self.coordinates
        KERNEL.epoch(*rows, step, seen, self.memory, sums, self.threads)

    def train(self, weights, average, seen, step, epochs, random):
        """Return weights, their average over the batches seen, and how many these are, after."""
        for _ in range(epochs):
            self.workers[:, 0], self.workers[:, 1] = weights, average
            self._visit(random.permutation(self.blocks).astype(np.uint32), step, seen)
            weights, average = self.workers[:, :2].mean(axis=0, dtype=float)
            seen += -(-len(self.X) // BATCH) // len(self.workers)
        return weights, average, seen

    def judge(self, answer, every=1):
        """Return objective and gradient (d + 1,) on all rows, or on one block of `every`."""
        d, order = self.X.shape[1], np.arange(0, self.blocks, every, dtype=np.uint32)
        sums = np.zeros((len(self.memory), d + 66))
        self.workers[:, 0] = answer
        self._visit(order, 0, 0, sums)
        *gradient, factors, loss, share = sums[:, : d + 3].sum(axis=0)
        slope = self.alpha * answer[:-1] - (gradient - self.mean * factors) / share
        if not np.isfinite(slope + loss).all():
            check_finite(self.X)
        loss = loss / share + self.alpha / 2 * (answer[:-1] ** 2).sum()
        return loss, np.append(self.inverse * slope, -factors / share * self.intercept)

    def gap(self, answer, gradient):
        """Return about how far the objective is above its minimum: half the Newton decrement."""
        chance = expit(self.sample @ answer[:-1] + answer[-1])
        ones = np.full((len(chance), 1), self.intercept)
        Z = np.hstack([(self.sample - self.mean) * self.inverse, ones])
        curvature = (Z.T * (chance * (1 - chance) * self.shares)) @ Z
        curvature += np.diag(np.append(self.penalty, 0) + 1e-12)
        return gradient @ np.linalg.solve(curvature, gradient) / 2

    def solve(self, max_iter, tol, random):
        """Improve `best` until it is within tol of the minimum; return whether it is.

        A round starts from the best answer so far. If it makes it hardly any better, the next one
        is longer, with smaller steps (as in epoch-GD; Hazan and Kale 2014), or else with larger.
        """
        every = max(1, self.blocks // 16) if tol is None else 1
        step, value = first_step(self.X.shape[1]), np.log(2)  # that of zeros
        gap, length = value, max(1, 256 // -(-len(self.X) // BATCH))  # of 256 batches
        while self.epochs < max_iter:
            epochs = min(length, max_iter - self.epochs)
            with np.errstate(all="ignore"):  # of steps that are far too large
                answer = self.train(self.best, self.best, 0, step, epochs, random)[1]
                new, gradient = self.judge(answer, every)
            self.epochs += epochs
            better = value - new
            step, length = (2 * step, length) if better > gap / 50 else (step / 2, 2 * length)
            if better > 0:
                self.best, value = answer, new
                gap = value if tol is None else self.gap(answer, gradient)
                if tol is not None and gap <= tol * value:
                    return True
        return tol is None and bool(self.best.any())  # zeros: no step made anything better
