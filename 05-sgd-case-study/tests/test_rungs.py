"""Each rung's arithmetic, what threads make of it, and what is refused."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

CHAPTER = Path(__file__).parents[1]
sys.path[:0] = [str(CHAPTER / "build"), str(CHAPTER)]
import in_cython  # noqa: E402 - after the path
from data.flights import BLOCK, FEATURES, in_memory, load, objective  # noqa: E402
from rungs import in_c, in_python  # noqa: E402
from rungs.training import SUM, SUMMED, WEIGHTS, new_workers, train  # noqa: E402

DATA = load(CHAPTER / "build/flights.bin")
IN_C = "serial", "batched", "prefetched", "bfloat16"
BLOCKS = 8


def part(blocks, **changes):
    """Return the first blocks of the flights, as data of their own."""
    n = blocks * BLOCK
    few = DATA._replace(rows=in_memory(DATA.rows[:n]), labels=in_memory(DATA.labels[:n]), train=n)
    return few._replace(**changes)


def epoch_of(name, data):
    """Return epoch(order, step, workers) of this version."""
    if name == "cython-prange":
        return in_python.cython_prange(data)
    if name in IN_C:
        rows = in_c.packed(data.rows) if name == "bfloat16" else data.rows
        return in_c.rung(name, in_memory(rows), data.labels, data.lambda_)
    return in_python.local_sgd(in_python.VISITS[name](data))


def trained(name, data, threads=1, step=0.01, start=0):
    workers = new_workers(threads)
    workers[:, WEIGHTS] = start
    epoch_of(name, data)(np.arange(data.train // BLOCK), step, workers)
    return workers


@pytest.mark.parametrize("name", [*in_python.VISITS, *IN_C])
def test_a_step_goes_along_the_gradient_as_differences_of_the_objective_have_it(name):
    start = np.random.default_rng(0).normal(0, 0.1, FEATURES).astype(np.float32)
    count = 32 if name in ("numpy", "batched", "prefetched", "bfloat16") else 1  # rows of a step
    labels = in_memory(DATA.labels[:BLOCK])
    labels[count:] = 0  # these rows move nothing
    data = part(1, labels=labels, lambda_=0)
    moved = (start - trained(name, data, start=start)[0, WEIGHTS]) / 0.01 / count
    rows = data.rows[:count].astype(float)
    if name == "bfloat16":
        words = in_c.packed(data.rows[:count])
        halves = words & 0xFFFF0000, words << 16
        rows = np.hstack([half.astype(np.uint32).view(np.float32) for half in halves]).astype(float)
        rounded = np.abs(rows - data.rows[:count])
        assert rounded.any() and (rounded <= np.abs(data.rows[:count]) * 2**-8).all()
    few = data._replace(rows=rows, labels=labels[:count], train=count)
    changes = 1e-5 * np.eye(FEATURES)
    slope = [(objective(few, start + c) - objective(few, start - c)) / 2e-5 for c in changes]
    assert np.abs(slope).max() > 0.05
    assert np.abs(moved - slope).max() < 1e-4


def test_versions_of_one_method_leave_the_same_weights():
    data = part(BLOCKS)
    weights = {name: trained(name, data)[0, WEIGHTS] for name in (*in_python.VISITS, *IN_C)}
    largest = np.abs(weights["serial"]).max()
    for name in "python", "numpy-rows", "cython":
        assert np.abs(weights[name] - weights["serial"]).max() < 1e-5 * largest
    assert np.abs(weights["numpy"] - weights["batched"]).max() < 1e-5 * largest
    assert np.abs(weights["prefetched"] - weights["batched"]).max() < 1e-5 * largest
    assert 0 < np.abs(weights["batched"] - weights["serial"]).max() < 0.01  # older weights
    assert 0 < np.abs(weights["bfloat16"] - weights["batched"]).max() < 0.01


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_workers_are_trained_as_one_after_the_other_and_averaged(threads):
    data = part(BLOCKS)
    low = [BLOCKS * t // threads for t in range(threads + 1)]
    alone = []
    for t in range(threads):
        blocks = slice(low[t] * BLOCK, low[t + 1] * BLOCK)
        own = data._replace(rows=data.rows[blocks], labels=data.labels[blocks])
        alone.append(trained("serial", own._replace(train=len(own.rows)))[0])
    mean = np.mean(alone, axis=0, dtype=np.float64)
    for name in "serial", "cython", "cython-prange":
        workers = trained(name, data, threads)
        assert np.abs(workers[:, WEIGHTS] - mean[WEIGHTS]).max() < 1e-6
        assert np.abs(workers[0, SUM] - mean[SUM] * threads).max() < 1e-3
        assert workers[0, SUMMED] == mean[SUMMED] * threads
    same = trained("cython", data, threads), trained("cython-prange", data, threads)
    assert same[0].tobytes() == same[1].tobytes()


@pytest.mark.parametrize("name", ["prefetched", "bfloat16"])
@pytest.mark.parametrize("threads", [2, 3, 16])
def test_the_answer_is_the_same_to_the_last_bit_and_near_the_optimum(name, threads):
    data = part(DATA.train // BLOCK)
    epoch, blocks = epoch_of(name, data), data.train // BLOCK
    answers = [train(epoch, blocks, threads, 4 * blocks)[0] for _ in range(2)]
    assert answers[0].tobytes() == answers[1].tobytes()
    assert abs(objective(data, answers[0]) / data.optimum - 1) < 1e-3
    other = train(epoch, blocks, threads, 4 * blocks, seed=2)[0]
    assert other.tobytes() != answers[0].tobytes()


def test_training_comes_nearer_to_the_optimum_with_each_epoch_and_less_near_with_many_workers():
    data = part(DATA.train // BLOCK)
    blocks = data.train // BLOCK
    gaps = {}
    for threads, epochs in (1, 1), (1, 4), (1, 16), (64, 1), (64, 16):
        answer, done, _ = train(epoch_of("prefetched", data), blocks, threads, epochs * blocks)
        gaps[threads, epochs] = objective(data, answer) / data.optimum - 1
        assert done == epochs and gaps[threads, epochs] > 0
    assert gaps[1, 16] < gaps[1, 4] < gaps[1, 1] < gaps[64, 1]
    assert gaps[1, 16] < gaps[64, 16] < gaps[64, 1]


def test_cython_refuses_arrays_that_do_not_fit_before_any_work():
    data, order = part(2), np.arange(2)
    rows, labels, workers = data.rows, data.labels, new_workers(1)
    readonly = workers.copy()
    readonly.flags.writeable = False
    good = {"rows": rows, "labels": labels, "order": order, "workers": workers}
    bad = [
        *({"rows": rows[:, :31].copy()}, {"rows": rows[:, ::2]}, {"rows": rows.astype(float)}),
        *({"labels": labels[1:]}, {"order": np.array([0, 2])}, {"order": np.array([-1, 0])}),
        *({"order": order.astype(np.uint32)}, {"order": order[:0]}),
        *({"rows": rows[:0], "labels": labels[:0]}, {"workers": readonly}),
        *(
            {"workers": workers[:0]},
            {"workers": workers[:, :64].copy()},
            {"workers": new_workers(3)},
        ),
        *({name: None} for name in good),
    ]
    for change in bad:
        with pytest.raises((ValueError, TypeError, BufferError)):
            in_cython.train(**{**good, **change}, step=0.1, shrink=1)
        assert not workers.any()
    in_cython.train(**good, step=0.1, shrink=1)
    assert workers.any()


def test_what_does_not_come_near_is_no_answer():
    for options in ("-e", "1", "-t", "64"), ("-e", "2", "-p", "300000"):
        command = [sys.executable, CHAPTER / "ladder.py", "-c", *options]
        done = subprocess.run(command, cwd=CHAPTER, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and "openmp" in done.stderr.splitlines()[-1], done
