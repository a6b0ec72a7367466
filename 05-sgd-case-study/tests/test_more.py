"""What goes beyond the ladder: a mapped file, convergence, and other libraries."""

import mmap
import threading
from pathlib import Path

import pytest
from conftest import run

NEEDS = "in_cython", "numpy", "data.flights", "libraries", "mapped", "rungs.training"
_, np, flights, libraries, mapped, training = map(pytest.importorskip, NEEDS)
FILE, STATM = Path("build/flights.bin").absolute(), Path("/proc/self/statm")
DATA = flights.load(FILE)
BLOCKS = DATA.train // flights.BLOCK


def test_workers_are_inside_at_once_each_with_its_windows_in_an_order_of_the_epoch(monkeypatch):
    both, seen, orders = threading.Barrier(2, timeout=60), [], set()
    monkeypatch.setattr(mapped, "PREFETCHED", lambda *_: both.wait())
    monkeypatch.setattr(mapped, "forget", lambda _, rows: seen.append(rows))
    for epoch in [mapped.mapped(DATA, 1)] * 6 + [mapped.mapped(DATA, 2)] * 6:
        seen.clear()
        epoch([], 0.01, training.new_workers(2))
        seen.sort(key=lambda rows: rows.start >= DATA.train // 2)  # and as it is within a part
        orders.add(tuple(rows.start for rows in seen))
        visited = [row for rows in seen for row in range(rows.start, rows.stop)]
        assert len(seen) == 4 and sorted(visited) == list(range(DATA.train))
    assert len(orders) > 2


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_answer_is_near_and_the_same_to_the_last_bit(threads):
    epochs = [mapped.mapped(DATA, 1) for _ in "ab"]
    answers = [training.train(epoch, BLOCKS, threads, 3 * BLOCKS)[0] for epoch in epochs]
    assert abs(flights.gap(DATA, answers[0])) < 1e-3
    assert answers[0].tobytes() == answers[1].tobytes()


@pytest.mark.skipif(not STATM.exists(), reason="there is no /proc")
def test_what_is_forgotten_uses_no_memory_and_is_read_again():
    total, used = DATA.rows.sum(), int(STATM.read_text().split()[1])
    flights.forget(DATA, slice(0, len(DATA.rows)))
    freed = (used - int(STATM.read_text().split()[1])) * mmap.PAGESIZE
    assert freed > DATA.rows.nbytes / 2 and DATA.rows.sum() == total


def test_programs_end_in_answers_and_refuse_a_damaged_file(tmp_path):
    done = run("more/mapped.py", "-t", "3")
    rows = [line.split()[:2] for line in done.stdout.splitlines()[2:]]
    assert (done.returncode, rows) == (0, [["mapped", "1"], ["mapped", "3"]])
    (tmp_path / "damaged").write_bytes(FILE.read_bytes()[:-4])
    for name in "more/mapped.py", "more/libraries.py":
        done = run(name, tmp_path / "damaged")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_convergence_comes_nearer_and_averaging_costs(tmp_path):
    (build := tmp_path / "build").mkdir()
    (build / "flights.bin").symlink_to(FILE)
    done = run(Path("more/convergence.py").absolute(), "-t", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = (table.splitlines() for table in done.stdout.replace("%", "").split("\n\n"))
    seconds = np.loadtxt(first[2:], usecols=range(1, 4))
    gaps = np.loadtxt(second[2:-1], usecols=range(1, 6))
    assert (seconds.shape, gaps.shape) == ((8, 3), (8, 5)) and (np.diff(seconds) >= 0).all()
    assert (gaps[:, 0] > gaps[:, -1]).all() and (gaps[0] < gaps[-1]).all() and (gaps > 0).all()
    assert (build / "convergence.svg").read_text().count("workers: ") == 8


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
    done = run("more/libraries.py", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 0 and "left out: sklearn" in done.stdout and not done.stderr
