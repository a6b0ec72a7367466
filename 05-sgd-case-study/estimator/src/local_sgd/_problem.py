"""Training to tell two classes apart: steps, judgement, when it ends. Loops are in _kernel.pyx."""

import os
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from joblib import cpu_count
from scipy.special import expit
from sklearn.utils import assert_all_finite

MANY = 2**16  # rows; fewer are shuffled first, and visited a batch at a time
BLOCK, BATCH = 512, 32  # rows that are visited together: of many, and of few
SAMPLE = 4096  # rows that means, deviations and curvature are taken of
PIECE = 2**22  # values that are visited between two looks for Ctrl-C
WORTH = 2**17  # values that are worth a thread
FORKED = []  # not empty in a child, where GNU's OpenMP would wait for the parent's threads

os.register_at_fork(after_in_child=lambda: FORKED.append(True))


def best_kernel():
    """Return the kernel for this processor, which NumPy has looked at (older names: 1.26)."""
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    found = {*simd.get("baseline", []), *simd.get("found", [])}
    for level, names in ("_v4", {"X86_V4", "AVX512_SKX"}), ("_v3", {"X86_V3", "AVX2"}):
        if names & found and find_spec(f"local_sgd._kernel{level}"):
            return import_module(f"local_sgd._kernel{level}")
    return import_module("local_sgd._kernel")


KERNEL = best_kernel()


class Moments:
    """Mean and variance of each feature of the rows that were added (Chan et al. 1979)."""

    def __init__(self, features):
        self.count, self.mean, self.variance = 0, np.zeros(features), np.zeros(features)

    def add(self, X, importance):
        """Return the moments with rows X (n, features), of these weights (n,), added."""
        new, X = Moments(X.shape[1]), X.astype(float)
        count, weights = importance.sum(dtype=float), importance.astype(float)
        mean = np.einsum("i,ij->j", weights, X) / count
        inside = np.einsum("i,ij->j", weights, (X - mean) ** 2) / count
        new.count, apart = self.count + count, mean - self.mean
        share = count / new.count
        new.mean = self.mean + apart * share
        new.variance = self.variance + share * (inside - self.variance + (1 - share) * apart**2)
        return new


class Problem:
    """Rows and their weights, for which begin() chooses one class to tell from the rest.

    X: float32 or float64 (n, d). importance: (n,), of X's dtype. A step is that of standardised
    features: of mean and deviation by `moments`, or by a sample if these are None.
    """

    def __init__(self, X, importance, moments, alpha, intercept, n_jobs):
        n, d = X.shape
        seen = np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.intp)
        self.X, self.alpha, self.intercept = X, alpha, intercept
        # Weights are relative. In fit, batches of few rows weigh as much as full ones.
        batches = -(-n // BATCH)
        whole = n if moments else BATCH * batches
        self.importance = importance * X.dtype.type(whole / importance.sum(dtype=float))
        self.sample, self.shares = X[seen].astype(float), importance[seen] / importance[seen].sum()
        self.moments = moments or Moments(d).add(self.sample, self.shares)
        self._standardise()
        self.block = BLOCK if n >= MANY else BATCH
        self.blocks, self.pieces = -(-n // self.block), 1 + n * d // PIECE
        count = min(n_jobs, -(-n // BLOCK))
        self.threads = 1 if FORKED else min(count, cpu_count(), 1 + n * d // WORTH)
        # So far apart that no two workers write to one cache line.
        self.memory = np.zeros((count, 3, d + 66), X.dtype)
        self.workers = self.memory[:, :, : d + 1]

    def _standardise(self):
        mean, variance = self.moments.mean, self.moments.variance
        if not self.intercept:
            mean, variance = mean * 0, variance + mean**2
        for j in np.flatnonzero(variance == 0):  # perhaps it varies outside of the sample
            column = self.X[:, j].astype(float)
            mean[j], variance[j] = column.mean() * self.intercept, column.var()
        with np.errstate(all="ignore"):
            inverse = variance**-0.5
            penalty = self.alpha * inverse**2
            # Of a constant there is nothing to learn; nor where the penalty leaves nothing.
            constant = variance <= (4 * np.finfo(self.X.dtype).eps * mean) ** 2
            inverse[constant | (penalty > 1e12)] = 0
        self.mean, self.inverse, self.penalty = mean, inverse, self.alpha * inverse**2
        numbers = [mean, inverse, self.penalty, [self.intercept]]
        self.coordinates = np.concatenate(numbers).astype(self.X.dtype)

    def begin(self, positive, answer):
        """Go on from weights and intercept (d + 1,); positive: bool (n,)."""
        self.labels = np.where(positive, 1, -1).astype(self.X.dtype)
        self.best, self.epochs = answer, 0

    def _visit(self, order, step, seen, sums=None):
        for part in np.array_split(order, self.pieces):
            data = self.X, self.labels, self.importance, part, self.block, self.coordinates
            KERNEL.epoch(*data, step, seen, self.memory, sums, self.threads)
            seen += len(part) * self.block // (BATCH * len(self.memory))
        return seen

    def train(self, weights, average, seen, step, epochs, random):
        """Return weights, their average over the batches seen, and how many these are, after."""
        for _ in range(epochs):
            order = random.permutation(self.blocks).astype(np.uint32)
            self.workers[:, 0], self.workers[:, 1] = weights, average
            seen = self._visit(order, step, seen)
            weights, average = self.workers[:, :2].mean(axis=0, dtype=float)
        return weights, average, seen

    def judge(self, answer, every=1):
        """Return objective and gradient (d + 1,) on all rows, or on one block of `every`."""
        d = self.X.shape[1]
        sums = np.zeros((len(self.memory), d + 66))
        self.workers[:, 0] = answer
        self._visit(np.arange(0, self.blocks, every, dtype=np.uint32), 0, 0, sums)
        *gradient, factors, loss, share = sums[:, : d + 3].sum(axis=0)
        slope = self.alpha * answer[:-1] - (gradient - self.mean * factors) / share
        if not np.isfinite(slope + loss).all():
            assert_all_finite(self.X, input_name="X", estimator_name="LocalSGDClassifier")
        loss = loss / share + self.alpha / 2 * (answer[:-1] ** 2).sum()
        return loss, np.append(self.inverse * slope, -factors / share * self.intercept)

    def gap(self, answer, gradient):
        """Return how far the objective is above its minimum: half the Newton decrement."""
        chance = expit(self.sample @ answer[:-1] + answer[-1])
        ones = np.full((len(chance), 1), self.intercept)
        Z = np.hstack([(self.sample - self.mean) * self.inverse, ones])
        curvature = (Z.T * (chance * (1 - chance) * self.shares)) @ Z
        curvature += np.diag(np.append(self.penalty, 0) + 1e-12)
        return gradient @ np.linalg.solve(curvature, gradient) / 2

    def solve(self, max_iter, tol, step, random):
        """Improve `best` until it is within tol of the minimum; return whether it is.

        A round starts from the best answer so far. If it makes it hardly any better, the next one
        is longer, with smaller steps (as in epoch-GD; Hazan and Kale 2014), or else with larger.
        """
        every = 1 if tol is not None else max(1, self.blocks // 16)
        value = self.judge(self.best, every)[0] if self.best.any() else np.log(2)
        gap, length = value, max(1, 256 // -(-len(self.X) // BATCH))  # of about 256 batches
        while self.epochs < max_iter:
            epochs = min(length, max_iter - self.epochs)
            answer = self.train(self.best, self.best, 0, step, epochs, random)[1]
            self.epochs += epochs
            with np.errstate(all="ignore"):  # of steps that are far too large
                new, gradient = self.judge(answer, every)
            fell = value - new
            step, length = (2 * step, length) if fell > gap / 50 else (step / 2, 2 * length)
            if fell > 0:
                self.best, value = answer, new
                gap = value if tol is None else self.gap(answer, gradient)
                if tol is not None and gap <= tol * value:
                    return True
        return tol is None
