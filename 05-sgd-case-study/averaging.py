"""Local SGD (McDonald et al. 2010; Stich 2019): each thread trains weights of its own.

Once an epoch they are averaged. Nothing is shared in between, so there is nothing to lock and
nothing to lose, and the answer is the same to the last bit in every run. local_sgd.c is its twin.
"""

import numpy as np
from bench import stopwatch
from flights_file import BLOCK, FEATURES
from rungs import BATCH

FIRST_STEP = 0.01


def shuffle(order, state):
    """Fisher-Yates with Knuth's MMIX generator, as in local_sgd.c; returns its next state."""
    for i in range(len(order) - 1, 0, -1):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        j = (state >> 33) % (i + 1)
        order[i], order[j] = order[j], order[i]
    return state


def power_of_two(n):
    """Return the largest power of two that is not larger than n; 0 of 0."""
    return 2 ** (n.bit_length() - 1) if n else 0


def step_size(first_step, epoch, workers):
    """Return that of an epoch.

    It is halved whenever each worker has seen twice as many rows as there are, 4 times, 8 times (as
    in epoch-GD; Hazan and Kale 2014).
    """
    return first_step / max(power_of_two(epoch // workers), 1)


def combine(weights, totals, blocks, answer, epoch):
    """Average the threads' weights in place; return the new answer.

    It is the average over the second half of the epoch, and of those before it back to a power of
    two: of the first epoch, the second, the third and fourth, the fifth to eighth ... So the
    beginning, which was far from the optimum, is forgotten.
    """
    threads = len(weights)
    parts = [(blocks * t // threads, blocks * (t + 1) // threads) for t in range(threads)]
    summed = sum(high - low - (high - low) // 2 for low, high in parts) * (BLOCK // BATCH)
    weights[:] = weights.mean(axis=0, dtype=np.float64)
    before = epoch - power_of_two(epoch)
    average = totals.sum(axis=0, dtype=np.float64) / summed
    return ((answer * np.float64(before) + average) / (before + 1)).astype(np.float32)


def train(epoch, blocks, threads, good_enough, seed=1, epochs=20, first_step=FIRST_STEP):
    """Train until good_enough(answer); return answer, epochs, wall and CPU seconds of training."""
    weights = np.zeros((threads, FEATURES), dtype=np.float32)
    totals, order, state = np.zeros_like(weights), list(range(blocks)), seed
    wall = cpu = done = 0
    answer = weights[0]
    while done < epochs and not (done and good_enough(answer)):
        with stopwatch() as took:
            step = step_size(first_step, done, threads)
            state = shuffle(order, state)
            try:
                epoch(np.array(order, dtype=np.uint32), weights, totals, step)
            except OverflowError:  # math.exp: training has diverged, NumPy would go on with inf
                weights[:] = np.nan
            answer = combine(weights, totals, blocks, answer, done)
        wall, cpu, done = wall + took.wall, cpu + took.cpu, done + 1
    return answer, done, wall, cpu
