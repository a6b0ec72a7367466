"""What goes beyond the ladder: a mapped file, convergence, and other libraries."""

import mmap
import sys
import threading
from pathlib import Path
from subprocess import run

import pytest

HERE = Path(__file__).parents[1]
sys.path += [str(HERE), str(HERE / "build"), str(HERE / "more")]
if not (HERE / "build/librungs.so").exists():
    pytest.skip("there is no OpenMP", allow_module_level=True)
np, pyperf, flights = map(pytest.importorskip, ("numpy", "pyperf", "data.flights"))
libraries, mapped, training = map(pytest.importorskip, ("libraries", "mapped", "rungs.training"))

FILE = HERE / "build/flights.bin"
DATA = flights.load(FILE)
BLOCK, STATM = flights.BLOCK, Path("/proc/self/statm")


def program(name, *words, cwd=HERE, **env):
    command = [sys.executable, HERE / "more" / name, *words]
    return run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def windows(monkeypatch):
    """Train nothing; record the windows that are visited and then forgotten, slices of rows."""
    seen = []
    monkeypatch.setattr(mapped, "PREFETCHED", lambda *_: None)
    monkeypatch.setattr(mapped, "forget", lambda _, window: seen.append(window))
    return seen


def blocks(windows):
    return [row // BLOCK for part in windows for row in range(part.start, part.stop, BLOCK)]


def test_two_workers_are_inside_at_once_each_in_windows_of_its_own_part(windows, monkeypatch):
    both = threading.Barrier(2, timeout=60)
    monkeypatch.setattr(mapped, "PREFETCHED", lambda *_: both.wait())
    mapped.mapped(DATA, 1)([], 0.01, training.new_workers(2))
    assert sorted(blocks(windows)) == list(range(511)) and len(windows) == 4


def test_the_order_follows_from_seed_and_epoch_and_the_weights_from_it(windows, monkeypatch):
    def order_of(epoch, seed):
        windows.clear()
        mapped.train_part(DATA, 0, 1, epoch, 0.01, seed, training.new_workers(1)[0])
        return tuple(blocks(windows))

    order, others = order_of(3, 7), [order_of(epoch, seed) for epoch in range(6) for seed in (7, 8)]
    assert order in others and len(set(others)) > 4
    monkeypatch.undo()
    ours, theirs = training.new_workers(2)[:, None]
    mapped.train_part(DATA, 0, 1, 3, 0.01, 7, ours[0])
    mapped.in_c.rung("prefetched", *DATA[:2], DATA.lambda_)(np.array(order), 0.01, theirs)
    assert np.array_equal(ours[:, training.WEIGHTS], theirs[:, training.WEIGHTS])
    assert ours[0, training.SUMMED] in (16 * 255, 16 * 256)  # of the second half: two windows


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_answer_is_near_and_the_same_to_the_last_bit(threads):
    about = 511, threads, 3 * 511
    answers = [training.train(mapped.mapped(DATA, 1), *about)[0] for _ in "ab"]
    assert abs(flights.gap(DATA, answers[0])) < 1e-3
    assert len({answer.tobytes() for answer in answers}) == 1


@pytest.mark.skipif(not STATM.exists(), reason="there is no /proc")
def test_what_is_forgotten_uses_no_memory_and_is_read_again():
    total, used = DATA.rows.sum(), int(STATM.read_text().split()[1])
    flights.forget(DATA, slice(0, len(DATA.rows)))
    freed = (used - int(STATM.read_text().split()[1])) * mmap.PAGESIZE
    assert freed > DATA.rows.nbytes / 2 and DATA.rows.sum() == total


def test_programs_end_in_answers_and_refuse_a_damaged_file(tmp_path):
    done = program("mapped.py", "-t", "3")
    rows = [line.split() for line in done.stdout.splitlines()[2:]]
    assert done.returncode == 0 and [row[:2] for row in rows] == [["mapped", "1"], ["mapped", "3"]]
    assert all(abs(float(row[7][:-1])) < 0.1 for row in rows)
    (tmp_path / "damaged").write_bytes(FILE.read_bytes()[:-4])
    for name in "mapped.py", "libraries.py":
        done = program(name, tmp_path / "damaged")
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def test_convergence_comes_nearer_averaging_costs_and_libraries_are_drawn(tmp_path):
    (build := tmp_path / "build").mkdir()
    (build / "flights.bin").symlink_to(FILE)
    about = {"name": "peers", "version": "a library", "gap": "0.050%"}
    pyperf.Benchmark([pyperf.Run([2.0], None, about)]).dump(str(build / "peers.json"))
    done = program("convergence.py", "-t", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = (text.splitlines()[2:] for text in done.stdout.split("\n\n"))
    seconds = {name: list(map(float, times)) for name, *times in map(str.split, first)}
    assert len(seconds) == 8 and all(times == sorted(times) for times in seconds.values())
    gaps = np.array([line.replace("%", "").split()[1:] for line in second[:7]], float)
    assert (gaps[:, 0] > gaps[:, -1]).all() and (gaps[0] < gaps[-1]).all() and (gaps > 0).all()
    picture = (build / "convergence.svg").read_text()
    assert picture.count("workers: ") == 7 and "a library" in picture


@pytest.mark.parametrize("name", libraries.LIBRARIES)
def test_libraries_minimise_the_same_objective(name, monkeypatch):
    library, needed, _ = libraries.LIBRARIES[name]
    for module in "sklearn", library.partition(".")[0]:
        pytest.importorskip(module)
    quick = {"saga": {"tol": 0.05}, "sgd": {"max_iter": 10} | libraries.ONE}.get(name, {})
    monkeypatch.setitem(libraries.LIBRARIES, name, (library, needed | quick, []))
    [(above, *_)] = libraries.fit(DATA, name, 2)
    assert -1e-6 < above < (0.02 if name.startswith("sgd") else 0.001)


def test_without_scikit_learn_one_line_says_what_is_missing(tmp_path):
    for name in "sklearn", "snapml":
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('', name={name!r})")
    done = program("libraries.py", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0 and "left out: sklearn" in done.stdout and not done.stderr
