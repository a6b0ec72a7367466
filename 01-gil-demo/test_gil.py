"""The programs of this chapter from inside: their functions, and twins whose answers are wrong."""

import argparse
import array
import asyncio
import contextlib
import os
import shutil
import sys
import threading

import convoy
import count
import hashing
import lost_update
import process_cost
import pytest
import timeline
import waiting

needs_gil = pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="this interpreter has no GIL"
)


def rows(program, capsys, *options):
    """Run a program's main(); return its rows as {version: {column: text}}."""
    sys.argv = [program.__file__, *options]
    program.main()
    lines = capsys.readouterr().out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("version"))
    table = [dict(zip(lines[at].split(), line.split(), strict=True)) for line in lines[at + 1 :]]
    return {row["version"]: row for row in table}


def give_up(connection, n):
    connection.send(None)
    connection.send((0, [1.0] * n))


@pytest.mark.parametrize(
    ("program", "name", "wrong", "caught"),
    [
        (count, "count_down", bool, "sequential threads processes asyncio"),
        (waiting, "ask", lambda address: False, "one-by-one threads"),
        (hashing, "on_threads", lambda n: asyncio.sleep(0, 1), "to-thread"),
        (convoy, "ask", give_up, "quiet beside-python 0.5-ms beside-hash"),
    ],
)
def test_rows_with_a_wrong_answer_are_named(monkeypatch, capsys, program, name, wrong, caught):
    monkeypatch.setattr(program, name, wrong)
    with pytest.raises(SystemExit, match="1"):
        rows(program, capsys, *["-n", "10"] * (program is not hashing))
    assert f"wrong answer: {caught}" in capsys.readouterr().err


def test_shares_are_computed_from_notes():
    notes = [(0, 0), (1, 1), (2, 1), (3, 2)]  # a thread runs, waits and runs
    assert [timeline.share(notes, i - 0.5, i + 0.5) for i in (1, 2, 3)] == [1, 0, 1]


@needs_gil
def test_threads_of_pure_python_run_one_at_a_time():
    threads = timeline.record(timeline.loop, 2, 0.3)
    assert 0 < sum(timeline.share(notes, 0, 0.3) for notes in threads) < 1.2


def test_waits_overlap_on_threads_and_in_coroutines():
    here = []

    async def until_seven_are_there():
        here.append(1)
        while len(here) % 7:
            await asyncio.sleep(0.001)

    address = waiting.start_server(until_seven_are_there)
    assert waiting.ask_on_threads(address, 7) == 7
    assert asyncio.run(waiting.ask_in_coroutines(address, 7)) == 7


@needs_gil
@pytest.mark.parametrize(
    ("work", "lets_go"),
    [(lambda: hashing.hash_password(0), True), (lambda: sum(range(10**7)), False)],
)
def test_hashlib_lets_go_of_the_gil_and_a_loop_in_python_does_not(work, lets_go):
    interval = sys.getswitchinterval()
    sys.setswitchinterval(3600)  # so another thread runs only if the GIL is let go
    start, done, meanwhile = threading.Event(), [], []
    thread = threading.Thread(target=lambda: (start.wait(), meanwhile.append(not done)))
    thread.start()
    start.set()  # now the thread wants the GIL
    work()
    done.append(1)
    sys.setswitchinterval(interval)
    thread.join()
    assert meanwhile == [lets_go]


def test_a_transfer_in_the_middle_of_another_is_lost_and_never_with_a_lock(capsys, monkeypatch):
    found = rows(lost_update, capsys, "-n", "5000", "-t", "4")
    drift = {version: row["drift"] for version, row in found.items()}
    assert drift["forced"] == "5"
    assert drift["sequential"] == drift["forced-locked"] == "0"
    no_lock = contextlib.nullcontext()
    no_lock.locked = lambda: False
    monkeypatch.setattr(lost_update, "lock", no_lock)
    with pytest.raises(SystemExit, match="1"):
        rows(lost_update, capsys, "-n", "5000")
    assert "forced-locked" in capsys.readouterr().err


@needs_gil
def test_a_thread_gets_the_gil_back_after_a_switch_interval(capsys):
    found = rows(convoy, capsys, "-n", "20")
    assert float(found["beside-python"]["median-ms"]) >= 4  # of 5, whatever the machine does


def test_shared_memory_is_not_copied_and_is_removed(capsys, monkeypatch):
    found = rows(process_cost, capsys, "-n", "5")
    assert int(found["argument"]["sent"].replace(",", "")) > 5_000_000
    assert int(found["shared"]["sent"].replace(",", "")) < 1000
    with process_cost.shared(array.array("d", [1, 2])) as name:
        pass
    with pytest.raises(FileNotFoundError):
        process_cost.add_up_shared(name, 2)
    if os.path.isdir("/dev/shm"):
        monkeypatch.setattr(shutil, "disk_usage", lambda path: argparse.Namespace(free=0))
        with pytest.raises(SystemExit, match="1"):
            rows(process_cost, capsys, "-n", "5")
