"""The rungs agree, whoever compiles them; and what threads make of them."""

import shutil
import subprocess
from ctypes import CDLL
from pathlib import Path

import numpy as np
import pytest
from data.flights import BLOCK, gap, in_memory, load
from rungs.training import SUM, SUMMED, WEIGHTS, new_workers, train

NEEDS = "in_cython", "rungs.in_c", "rungs.in_python"
_, in_c, in_python = map(pytest.importorskip, NEEDS)  # there may be no OpenMP
DATA = load("build/flights.bin")
IN_C = "serial", "batched", "prefetched", "bfloat16"
CPU = Path("/proc/cpuinfo")
FLAGS = "-shared -fPIC -O3 -Wall -Wextra -Wshadow -Wconversion -Werror -Wno-unknown-pragmas"
FLAGS += " -fassociative-math -fno-signed-zeros -fno-trapping-math -fno-math-errno"


def part(blocks):
    """Return the first blocks of the flights, as data of their own."""
    n = blocks * BLOCK
    return DATA._replace(rows=in_memory(DATA.rows[:n]), labels=in_memory(DATA.labels[:n]), train=n)


def epoch_of(name, data):
    """Return epoch(order, step, workers) of this version."""
    if name == "cython-prange":
        return in_python.cython_prange(data)
    if name in IN_C:
        rows = in_memory(in_c.packed(data.rows)) if name == "bfloat16" else data.rows
        return in_c.rung(name, rows, data.labels, data.lambda_)
    return in_python.local_sgd(in_python.VISITS[name](data))


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_versions_of_one_method_leave_the_same_weights_and_the_same_average(threads):
    data, left = part(8), {}
    for name in *in_python.VISITS, "cython-prange", *IN_C:
        workers = new_workers(threads)
        epoch_of(name, data)(np.arange(8), 0.01, workers)
        left[name] = np.vstack([workers[:, WEIGHTS], workers[0, SUM] / workers[0, SUMMED]])

    def apart(one, other):
        return np.abs(left[one] - left[other]).max() / np.abs(left[other]).max()

    assert max(apart(name, "python") for name in ("numpy-rows", "cython", "serial")) < 1e-5
    assert max(apart(name, "numpy") for name in ("batched", "prefetched")) < 1e-5
    assert 0 < apart("batched", "serial") < 0.05  # older weights
    assert 0 < apart("bfloat16", "batched") < 0.05
    assert left["cython"].tobytes() == left["cython-prange"].tobytes()


@pytest.mark.parametrize("register", ["sse2", "avx2", "avx512f"])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_gcc_and_clang_agree_for_registers_of_each_width(compiler, register, tmp_path, monkeypatch):
    if not (shutil.which(compiler) and CPU.exists() and register in CPU.read_text().split()):
        pytest.skip("no such compiler, or another processor")
    file = tmp_path / "librungs.so"
    words = *FLAGS.split(), f"-m{register}", *Path("rungs").glob("*.c"), "-lm", "-o", file
    subprocess.run([compiler, *words], check=True)
    library = CDLL(str(file))
    library.train_epoch.argtypes = in_c.LIBRARY.train_epoch.argtypes
    monkeypatch.setattr(in_c, "LIBRARY", library)
    test_versions_of_one_method_leave_the_same_weights_and_the_same_average(1)


def test_training_comes_nearer_with_more_epochs_and_fewer_workers_always_to_the_same_bits():
    blocks, gaps = DATA.train // BLOCK, {}
    epoch = epoch_of("prefetched", part(blocks))
    for threads, epochs in (1, 1), (1, 4), (1, 16), (64, 1), (64, 16):
        answers = [train(epoch, blocks, threads, epochs * blocks, seed)[0] for seed in (1, 1, 2)]
        assert answers[0].tobytes() == answers[1].tobytes() != answers[2].tobytes()
        gaps[threads, epochs] = gap(DATA, answers[0])
    assert 0 < gaps[1, 16] < 3e-5 < gaps[1, 4] < gaps[1, 1] < gaps[64, 1]  # no penalty: 6e-5
    assert gaps[1, 16] < gaps[64, 16] < gaps[64, 1]
