"""What is added and refused, by which threads, and what is shown of limits, sizes and libraries."""

import sys
from pathlib import Path

import compiling
import pytest

HERE = Path(__file__).parents[1]
sys.path += [str(HERE), str(HERE / "build"), str(HERE / "more")]
np, p = map(pytest.importorskip, ("numpy", "parallel_add"))
ADDS = [lambda *words: p.add_serial(*words[:3]), p.add_arrays, p.add_arrays_stream]
ADDS += [lambda *words: p.add_repeatedly(*words, 1000, 1)]


@pytest.mark.parametrize("add", ADDS)
def test_right_arrays_of_every_kind_are_added(add):
    for n in (0, 1, 2, 3, 999, 1000, 16383, 16384, 16385, 100_001):
        for start, threads in (0, 1), (1, 2), (0, 3), (1, 8):
            a, b = np.random.default_rng(n).normal(size=(2, n))
            a.flags.writeable, out = False, np.full(n + 3, np.nan)
            add(a, b, out[start : start + n], threads)
            assert np.array_equal(out[start : start + n], a + b) and np.isnan(out).sum() == 3
            add(a, in_place := b.copy(), in_place, threads)
            assert np.array_equal(in_place, a + b)


@pytest.mark.parametrize("add", ADDS)
def test_what_is_wrong_is_refused_before_anything_is_written(add):
    x, zeros = np.arange(1000.0), np.zeros(2000)
    out, crooked = zeros[:1000], np.zeros(8001, np.uint8)[1:].view(float)
    wrong = [(x[:-1], x, out), (x, x, zeros), (x[:0], x, out), (x.astype("f4"), x, out)]
    wrong += [(x, x.astype(int), out), (x.astype(">f8"), x, out), (x, x[::-1], out)]
    wrong += [(x, x, zeros.reshape(1000, 2)), (x, x, zeros[::2]), (x, crooked, out)]
    wrong += [(out, x, zeros[1:1001]), (x, zeros[9:1009], out), (x, x, bytes(8000))]
    wrong += [(None, x, out), (x, list(x), out)]
    calls = [(add, *arrays, 2) for arrays in wrong]
    for threads in (-1, 0, 257, 10**30, 2.5, None):
        calls += [(p.add_arrays, x, x, out, threads), (p.team, 8, threads)]
    for call, *words in calls:
        with pytest.raises((ValueError, TypeError, BufferError, OverflowError)):
            call(*words)
    assert not zeros.any() and (x == np.arange(1000)).all()


@pytest.mark.parametrize("words", [[HERE / "build/add"], [sys.executable, HERE / "add.py"]])
def test_settings_of_openmp_do_not_decide_or_it_is_said(words):
    settings = {"NUM_THREADS": "1", "THREAD_LIMIT": "1", "DYNAMIC": "true", "PLACES": "{0}"}
    for name, value in (settings | {"MAX_ACTIVE_LEVELS": "0"}).items():
        code, out, err = compiling.run([*words, "-n", "1000", "-t", "3"], **{f"OMP_{name}": value})
        assert code == 0 and out.count(" 1498500 ") > 1
        told = len(words) == 1 and name in {"THREAD_LIMIT", "PLACES"}
        assert ("OMP_DISPLAY_ENV" in err) == told
        assert "eighth: 0 0 0 1 1 1 2 2; inside at one moment: 3\n" in out or told


def test_add_py_catches_what_is_left_out(monkeypatch, capsys):
    monkeypatch.setattr(p, "add_arrays", lambda a, b, out, _: np.add(a[1:], b[1:], out=out[1:]))
    monkeypatch.setattr(sys, "argv", ["add.py", "-n", "1000"])
    with pytest.raises(SystemExit, match="1"):
        __import__("add").main()
    assert "wrong answer: cython-prange\n" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["peers.py add", "peers.py mandelbrot", "sizes.py -n 9999"])
def test_libraries_and_sizes_have_right_answers(words):
    program, *options = words.split()
    assert compiling.run([sys.executable, HERE / "more" / program, *options])[0] == 0


def test_roofline_names_the_longer_of_shared_and_memory(monkeypatch, capsys, tmp_path):
    roofline, rows = __import__("roofline"), {}
    for table, one, all_, *_ in roofline.LOOPS:
        for version, threads in (one, "1"), (all_, "2"):
            row = {"program": f"{table}.c", "version": version, "title": f"{table.title()} 10 100"}
            row |= {"wall": 1e-6, "threads": threads, "answer": "2000"}
            rows.setdefault(table, []).append(row)
    row = {"program": "limits", "GB/s": "10", "GFLOP/s": "4"}
    limits = [(version, n) for version in ("add-stream", "read-345MB", "fma") for n in "12"]
    rows["limits"] = [row | {"version": version, "threads": n} for version, n in limits]
    monkeypatch.setattr(sys, "argv", ["roofline.py"])
    monkeypatch.setattr(roofline, "rows_of", lambda table: rows[table.name])
    monkeypatch.setattr(roofline, "store", lambda _, write: write(tmp_path / "picture.svg"))
    roofline.main()
    found = [line.split()[3:] for line in capsys.readouterr().out.splitlines()[2:]]
    # 1 ns on one thread, so 0.5 shared; 10 GB/s; 1 or 2 x 8 operations in 1 ns of 4 GFLOP/s
    memory = [["1", "0.5", ns, "1", "memory", "-"] for ns in ("3.2", "2.4")]
    cores = [["1", "0.5", "0.4", "1", "cores", near] for near in ("50%", "50%", "1600%", "1600%")]
    assert found == memory + cores
