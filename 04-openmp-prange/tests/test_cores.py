"""The modules of mandelbrot.pyx and reduction.pyx, and picture.py: answers and refusals."""

import sys
from importlib import import_module
from itertools import product
from pathlib import Path

import numpy as np
import pytest

sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("", "build")]
mandelbrot, sums = map(import_module, ("mandelbrot_cython", "reduction_cython"))


def steps(c, most):
    z = taken = 0
    while taken < most and z.real * z.real + z.imag * z.imag <= 4:
        z, taken = z * z + c, taken + 1
    return taken


def test_parallel_counts_are_those_of_a_plain_loop():
    for n, schedule, lanes in product((0, 1, 37), mandelbrot.SCHEDULES, (False, True)):
        x, y, width = mandelbrot.VIEW
        at = [(i + 0.5 - n / 2) * width / n for i in range(n)]
        expected = [[steps(complex(x + column, y + row), 60) for column in at] for row in at]
        counts = np.zeros((n, n), np.uint32)
        owners, done = mandelbrot.compute(counts, 60, 3, schedule, 2, lanes)
        assert counts.tolist() == expected and (len(owners), len(done)) == (n, 3)


def test_parallel_sums_and_bins():
    for n, team in product((0, 1, 4095, 4096, 12289), (1, 3)):
        values, floats = np.arange(n, dtype=np.uint32) * 40_503, np.arange(n, dtype=np.float32)
        values.flags.writeable = floats.flags.writeable = False
        bins = np.bincount(values >> 16 & 255, minlength=256)
        exact = pytest.approx(n * (n - 1) / 2, rel=1e-4)
        assert np.array_equal(sums.histogram(values, team), bins)
        assert sums.sum_by_blocks(floats, team) == sums.sum_by_blocks(floats) == exact
        assert sums.sum_by_reduction(floats, team) == exact


def test_what_is_wrong_is_refused_and_nothing_written():
    zeros, ones = np.zeros((8, 8), np.uint32), np.ones(9, np.float32)
    wrong = [("counts", a) for a in (None, [1], zeros[0], zeros[1:], zeros[:4, ::2], ones)]
    wrong += product(("iterations", "threads", "chunk"), (-1, 2**32, 2.5, None))
    wrong += [("iterations", 0), ("threads", 0), ("threads", 257), ("schedule", "auto")]
    for name, value in wrong:
        with pytest.raises((ValueError, TypeError)):
            mandelbrot.compute(**{"counts": zeros} | {name: value})
    bad = (None,), (ones[::2],), (ones.astype(float),), (ones, 0), (ones, 257), (ones, 2.5)
    for add, words in product((sums.histogram, sums.sum_by_reduction, sums.sum_by_blocks), bad):
        with pytest.raises((ValueError, TypeError)):
            add(*words)
    assert not zeros.any()


def test_a_picture_shows_the_thread_of_each_row(tmp_path, monkeypatch, capsys):
    picture = import_module("picture")
    monkeypatch.setattr(picture, "PICTURE", tmp_path / "a.png")
    monkeypatch.setattr(sys, "argv", ["picture.py", "-n", "64", "-t", "2"])
    picture.main()
    static, chunks, *_ = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert static == "0" * 32 + "1" * 32 and chunks == ("0" * 16 + "1" * 16) * 2
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
