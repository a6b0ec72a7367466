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
STEP = 1 / 4  # over 1 + n_features: the first step, for the sum of the gradients of a batch
LOADED_BY = os.getpid()  # GNU's OpenMP would wait in a forked child for the parent's threads

# The kernel for this processor, which NumPy has looked at.
simd = np.show_config(mode="dicts")["SIMD Extensions"]
found = {*simd.get("baseline", []), *simd.get("found", [])}
level = "_v4" if {"X86_V4", "AVX512_SKX"} & found else "_v3" if {"X86_V3", "AVX2"} & found else ""
level = level if util.find_spec(f"local_sgd._kernel{level}") else ""
KERNEL = import_module(f"local_sgd._kernel{level}")


@np.errstate(all="ignore")  # Problem refuses numbers that are too large
def moments(X, weights, before, mean, variance):
    """Return weight, mean and variance of these rows and of those before (Chan et al. 1979)."""
    weight = weights.sum(dtype=float)
    new = np.einsum("i,ij->j", weights, X, dtype=float) / weight
    spread = np.einsum("i,ij->j", weights, (X - new) ** 2) / weight
    share, apart = weight / (before + weight), new - mean
    variance = variance + share * (spread - variance + (1 - share) * apart**2)
    return before + weight, mean + share * apart, variance


class Problem:
    """Rows X (n, d), float32 or float64; labels (n,), their weights, negative of the first class.

    known: weight, mean and variance of the rows before; all are in `moments` afterwards.
    """

    def __init__(self, X, labels, known, alpha, intercept, jobs):
        n, d = X.shape
        self.X, self.labels, self.alpha, self.intercept = X, labels, alpha, intercept
        seen = np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.intp)
        self.sample, self.weights = X[seen], abs(labels[seen])
        self.moments = moments(self.sample, self.weights * (n / len(seen)), *known)
        self._standardise(*self.moments[1:])
        self.block = BLOCK if n >= MANY else BATCH
        self.blocks, count = -(-n // self.block), min(jobs, -(-n // BLOCK))
        self.threads = min(count, cpu_count(), 1 + n * d // WORTH)
        if os.getpid() != LOADED_BY:
            self.threads = 1
        self.step = STEP / (1 + d)
        # So far apart that no two workers write to one cache line.
        self.memory = np.zeros((count, 3, d + 66), X.dtype)
        self.workers = self.memory[:, :, : d + 1]

    @np.errstate(over="ignore")  # of float32
    def _standardise(self, mean, variance):
        if not self.intercept:
            mean, variance = 0 * mean, variance + mean**2
        # Of a constant there is nothing to learn; nor where the penalty leaves nothing.
        least = np.maximum((4 * np.finfo(self.X.dtype).eps * mean) ** 2, 1e-12 * self.alpha)
        for j in np.flatnonzero(variance <= least):  # perhaps it varies outside of the sample
            variance[j] = self.X[:, j].astype(float).var()
        if not np.isfinite((mean + variance).astype(self.X.dtype)).all():
            raise ValueError("X has NaN, infinity, or numbers that are too large: scale them")
        inverse = np.where(variance > least, variance, np.inf) ** -0.5
        self.mean, self.inverse, self.penalty = mean, inverse, self.alpha * inverse**2
        numbers = np.concatenate([mean, inverse, self.penalty, [self.intercept]])
        self.coordinates = numbers.astype(self.X.dtype)

    def _visit(self, order, step, seen, sums=None):
        rows = self.X, self.labels, order, self.block, self.coordinates
        KERNEL.epoch(*rows, step, seen, self.memory, sums, self.threads)

    def train(self, answer, average, seen, step, epochs, random):
        """Return weights, their average over the batches seen, and how many these are, after."""
        for _ in range(epochs):
            self.workers[:, 0], self.workers[:, 1] = answer, average
            self._visit(random.permutation(self.blocks), step, seen)
            answer, average = self.workers[:, :2].mean(axis=0, dtype=float)
            seen += -(-len(self.X) // BATCH) // len(self.workers)
        return answer, average, seen

    def judge(self, answer, every=1):
        """Return objective and gradient (d + 1,) on all rows, or on one block of `every`."""
        d = self.X.shape[1]
        sums = np.zeros((len(self.memory), d + 66))
        self.workers[:, 0] = answer
        self._visit(np.arange(0, self.blocks, every), 0, 0, sums)
        *gradient, factors, loss, share = sums[:, : d + 3].sum(axis=0)
        slope = self.alpha * answer[:-1] - (gradient - self.mean * factors) / share
        if not np.isfinite(slope + loss).all():
            assert_all_finite(self.X, input_name="X")
        loss = loss / share + self.alpha / 2 * (answer[:-1] ** 2).sum()
        return loss, np.append(self.inverse * slope, -factors / share * self.intercept)

    def gap(self, answer, gradient):
        """Return about how far the objective is above its minimum: half the Newton decrement."""
        chance = expit(self.sample @ answer[:-1] + answer[-1])
        shares = chance * (1 - chance) * self.weights / self.weights.sum()
        ones = np.full(len(chance), self.intercept)
        Z = np.column_stack([(self.sample - self.mean) * self.inverse, ones])
        curvature = (Z.T * shares) @ Z + np.diag(np.append(self.penalty, 0) + 1e-12)
        return gradient @ np.linalg.solve(curvature, gradient) / 2

    @np.errstate(all="ignore")  # of steps that are far too large
    def solve(self, max_iter, tol, random):
        """Return the best answer (d + 1,), the epochs, and whether it is within tol of the minimum.

        A round starts from the best answer so far. If it makes it hardly any better, the next one
        is longer, with smaller steps (as in epoch-GD; Hazan and Kale 2014), or else with larger.
        """
        every = max(1, self.blocks // 16) if tol is None else 1
        best, value, epochs = np.zeros(self.X.shape[1] + 1), np.log(2), 0
        gap, step = value, self.step
        length = max(1, 256 // -(-len(self.X) // BATCH))  # epochs of together 256 batches
        while epochs < max_iter:
            length = min(length, max_iter - epochs)
            epochs += length
            answer = self.train(best, best, 0, step, length, random)[1]
            new, gradient = self.judge(answer, every)
            better = value - new
            step, length = (2 * step, length) if better > gap / 50 else (step / 2, 2 * length)
            if better > 0:
                best, value = answer, new
                gap = value if tol is None else self.gap(best, gradient)
                if tol is not None and gap <= tol * value:
                    return best, epochs, True
        return best, epochs, tol is None and best.any()  # zeros: no step made anything better
