"""The programs of this chapter from inside: their functions, and twins whose answers are wrong."""

import array
import asyncio
import os
import sys

import convoy
import count
import lost_update
import process_cost
import pytest
import timeline
import waiting
from bench import has_gil

HAS_GIL = has_gil()
needs_gil = pytest.mark.skipif(not HAS_GIL, reason="this interpreter has no GIL")


def rows(program, capsys, *options):
    """Run a program's main(); return its rows as {version: {column: text}}."""
    sys.argv = [program.__file__, *options]
    program.main()
    table = capsys.readouterr().out.partition("\nversion ")[2]
    names, *lines = map(str.split, table.splitlines())
    return {version: dict(zip(names, cells, strict=True)) for version, *cells in lines}


def test_rows_with_a_wrong_answer_are_named(monkeypatch, capsys):
    monkeypatch.setattr(count, "count_down", bool)
    with pytest.raises(SystemExit, match="1"):
        rows(count, capsys, "-n", "10")
    assert "wrong answer: sequential threads processes asyncio" in capsys.readouterr().err


def test_shares_are_computed_from_notes():
    notes = [(0, 0), (1, 1), (2, 1), (3, 2)]  # a thread runs, waits and runs
    assert [timeline.share(notes, i - 0.5, i + 0.5) for i in (1, 2, 3)] == [1, 0, 1]


@needs_gil
def test_threads_of_pure_python_run_one_at_a_time():
    threads = timeline.record(timeline.loop, 2)
    assert 0 < sum(timeline.share(notes, 0, timeline.SHOWN) for notes in threads) < 1.2


def test_a_transfer_in_the_middle_of_another_is_lost_and_never_with_a_lock(capsys, monkeypatch):
    found = rows(lost_update, capsys, "-n", "5000", "-t", "4")
    drift = [found[version]["drift"] for version in ("sequential", "forced", "forced-locked")]
    assert drift == ["0", "5", "0"]
    monkeypatch.setattr(lost_update, "transfer_locked", lost_update.transfer)
    with pytest.raises(SystemExit, match="1"):
        rows(lost_update, capsys, "-n", "5000")
    assert "forced-locked" in capsys.readouterr().err


@needs_gil
def test_a_thread_gets_the_gil_back_after_a_switch_interval(capsys):
    tries = (rows(convoy, capsys, "-n", "20")["beside-python"] for _ in range(10))
    assert any(float(row["median-ms"]) >= 4 for row in tries)  # of 5; the machine may be busy


def test_shared_memory_is_not_copied_and_is_removed(capsys, monkeypatch):
    found = rows(process_cost, capsys, "-n", "5")
    assert int(found["argument"]["sent"].replace(",", "")) > 5_000_000
    assert int(found["shared"]["sent"].replace(",", "")) < 1000
    with process_cost.shared(array.array("d", [1, 2])) as name:
        pass
    with pytest.raises(FileNotFoundError):
        process_cost.add_up_shared(name, 2)
    if os.path.isdir("/dev/shm"):
        monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result([0] * 10))
        with pytest.raises(SystemExit, match="1"):
            rows(process_cost, capsys, "-n", "5")


def test_waits_overlap_on_threads_and_in_coroutines():
    barrier = asyncio.Barrier(7)  # no answer before seven have asked
    address = waiting.start_server(lambda: asyncio.wait_for(barrier.wait(), 60))
    assert waiting.ask_on_threads(address, 7) == 7
    assert asyncio.run(waiting.ask_in_coroutines(address, 7)) == 7
