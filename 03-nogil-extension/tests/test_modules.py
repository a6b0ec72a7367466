"""What the modules answer and refuse, that threads meet in them, and that nothing gets lost."""

import array
import gc
import os
import signal
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import compiling
import pytest
from bench import has_gil

HERE = Path(__file__).parent.parent
# A wrong twin is found before these, by PYTHONPATH.
sys.path += [str(HERE), str(HERE / "build")]
_count, _manners, counter = map(import_module, ("_count", "_manners", "counter"))
cython, primes, manners = map(import_module, ("primes_cython", "primes", "manners"))

TWINS_H = HERE / "tests" / "twins.h"
GIL = has_gil()
DATA = array.array("B", range(256)) * 8
BAD_RANGES = [(ValueError, -1, 1), (ValueError, 8, 7), (ValueError, 0, 10**12 + 1)]
BAD_RANGES += [(OverflowError, 0, 2**63), (TypeError, 1.0, 2), (TypeError, 1, "7"), (TypeError, 1)]


def fails(error, function, *arguments):
    try:
        function(*arguments)
    except error:
        return
    raise AssertionError(f"{function}{arguments} raised no {error}")


def call_everything():
    counts = _count.held, _count.released, cython.declared, cython.released
    for count in *counts, _manners.count_interruptible:
        assert count(0, 100) == 25 and count(999_983, 999_984) == 1 and count(5, 5) == 0
        for error, *wrong in BAD_RANGES:
            fails(error, count, *wrong)
    assert _manners.sum_buffer(DATA) == 8 * sum(range(256)) and _manners.sum_buffer(b"") == 0
    for error, wrong in (TypeError, "abc"), (BufferError, memoryview(DATA)[::2]):
        fails(error, _manners.sum_buffer, wrong)
    for for_each in _manners.for_each, cython.for_each:
        seen = []
        for_each(10, 30, lambda prime: [seen.append(prime)])  # noqa: B023
        assert seen == [11, 13, 17, 19, 23, 29]
        fails(KeyError, for_each, 1000, 1100, {}.pop)
        fails(TypeError, for_each, 0, 3, None), fails(ValueError, for_each, 3, 0, print)
    for expect in _count.expect, cython.expect:
        for wrong in (-1, 1), (2, -1), (2, 61), (2, float("nan")):
            fails(ValueError, expect, *wrong)
    for take in counter.held, counter.released, counter.deleted, counter.release_and_retake:
        assert take(1000) == 1000 and take(0) == take(-1) == 0
        fails(TypeError, take, 1.0)


def on_four_threads(function, *arguments):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: function(*arguments), range(4)))


def test_primes_are_counted_up_to_the_limit():
    for count in _count.held, cython.declared, _manners.count_interruptible:
        assert count(0, 200_000) == 17_984 and count(999_983**2, 999_983**2 + 1) == 0
        assert count(10**12 - 11, 10**12 - 10) == 1  # the largest prime below 10**12


def test_eight_threads():
    with ThreadPoolExecutor(8) as pool:
        for call in [pool.submit(call_everything) for _ in range(2000)]:
            call.result()


def test_nothing_gets_lost():
    def state():
        gc.collect()
        return tracemalloc.get_traced_memory()[0], sys.getrefcount(DATA)

    tracemalloc.start()
    for rounds in 100, 500:  # of more than a hundred calls
        memory, references = state()
        for _ in range(rounds):
            call_everything()
    assert state()[0] - memory < 8 * rounds and state()[1] - references < rounds
    tracemalloc.stop()


def test_threads_meet():
    for module, hold in (_count, _count.held), (cython, cython.declared):
        for count, seconds, threads in (module.released, 30, 4), (hold, 0.05, 1):
            module.expect(4, seconds)
            on_four_threads(count, 0, 0)
            assert module.inside() == threads or (count is hold and not GIL)
        module.expect(0, 0)


def test_steps_overlap():
    counter.reset_inside()
    on_four_threads(counter.held, 10_000_000)
    assert counter.inside() <= 1 or not GIL
    end = time.monotonic() + 60
    while counter.inside() < 2:
        on_four_threads(counter.released, 10_000_000)
        assert time.monotonic() < end


def test_ctrl_c_and_buffers():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    assert manners.interrupted(_count.released, 3_000_000).endswith("at its end")
    assert manners.interrupted(_manners.count_interruptible, 10**7).endswith("in the middle")
    signal.signal(signal.SIGINT, before)
    manners.refused_resize()


@pytest.mark.skipif(not GIL, reason="there is no GIL")
@pytest.mark.parametrize("module", [_count, cython])
@pytest.mark.parametrize("wrong", [lambda *_: 1, _count.held])
def test_primes_py_catches_a_wrong_answer_and_a_wrong_proof(wrong, module, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["primes.py", "-n", "20000"])
    monkeypatch.setattr(primes, "PATIENCE", 0.1)
    monkeypatch.setattr(module, "released", wrong)
    with pytest.raises(SystemExit, match=r"^1$"):
        primes.main()


def again(tests, *options, folder="", **variables):
    """Run tests in a process of their own, with the modules of a folder; return its exit code."""
    words = [*options, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    words += [f"{__file__}::{name}" for name in tests.split()]
    return compiling.run([sys.executable, *words], PYTHONPATH=str(folder), **variables)[0]


def build(folder, *flags):
    for name in "_count", "_manners":
        source, words = HERE / f"{name[1:]}_module.c", ("-include", str(TWINS_H), *flags)
        assert not compiling.build(folder / f"{name}.so", source, *words)


TWINS = dict.fromkeys(["DEAF_TO_CTRL_C", "RELEASES_EARLY"], "test_ctrl_c_and_buffers")
TWINS |= dict.fromkeys(["KEEPS_BUFFER", "KEEPS_STATE"], "test_nothing_gets_lost")
TWINS |= {"NOTHING_ELSE": "test_ctrl_c_and_buffers test_nothing_gets_lost"}


@pytest.mark.parametrize("twin", TWINS)
def test_wrong_twins_are_caught(twin, tmp_path):
    build(tmp_path, f"-D{twin}")
    code = again(TWINS[twin], folder=tmp_path)
    assert code == 0 if twin == "NOTHING_ELSE" else code in {1, -signal.SIGSEGV}


def test_development_mode_finds_nothing():
    assert again("test_eight_threads test_threads_meet test_ctrl_c_and_buffers", "-X", "dev") == 0


def test_thread_sanitizer_finds_nothing_but_a_plain_counter(tmp_path):
    clang = "clang" in compiling.run([*compiling.CC, "--version"])[1]
    name = f"libclang_rt.tsan-{os.uname().machine}.so" if clang else "libtsan.so"
    library = compiling.run([*compiling.CC, f"-print-file-name={name}"])[1].strip()
    needs = {"LD_PRELOAD": library, "TSAN_OPTIONS": "ignore_noninstrumented_modules=1:exitcode=66"}
    if not os.path.isabs(library) or compiling.run([sys.executable, "-c", ""], **needs)[0]:
        pytest.skip("ThreadSanitizer does not work here")
    build(tmp_path, "-g", "-fsanitize=thread")
    assert again("test_eight_threads test_threads_meet", folder=tmp_path, **needs) == 0
    build(tmp_path, "-g", "-fsanitize=thread", "-DPLAIN")
    assert again("test_threads_meet", folder=tmp_path, **needs) == 66
