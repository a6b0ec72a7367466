"""Each mistake shows itself; one that does not, and a fix that is none, are no success."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROBED = dict(re.findall("(OPENMP.*) := (.*)", (ROOT / "tools/build/probed.mk").read_text()))
FILES = sorted(ROOT.glob("0*/mistakes/*.pyx"))
STUB = '# A stub.\n# expected "bad"\ndef broken(): return {}\ndef fixed(): return {}\n'


def end(file, **variables):
    """Return the exit code of `python mistakes NAME`, and what it says."""
    how = {"env": os.environ | PROBED | variables, "stdout": subprocess.PIPE, "text": True}
    done = subprocess.run((sys.executable, file.parent, file.stem), check=False, **how)
    return done.returncode, done.stdout


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_shows_itself(file):
    needs = "cython.parallel" in file.read_text() and PROBED["OPENMP"] == "no"
    # What the reader has set for OpenMP does not decide.
    code, said = end(file, OMP_NUM_THREADS="abc", OMP_THREAD_LIMIT="1")
    assert code == (2 if needs else 0), said
    if "nothing is seen" in said:
        pytest.skip("it needs another Python or another compiler")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux alone lets choose cores")
@pytest.mark.parametrize("name", ["too_many_threads", "prange_over_rows"])
def test_one_core_is_enough(name):
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        test_it_shows_itself(next(file for file in FILES if file.stem == name))
    finally:
        os.sched_setaffinity(0, cores)


@pytest.mark.parametrize(
    ("broken", "fixed", "code"),
    [
        ("'good'", "'good'", 1),
        ("'bad'", "'bad'", 1),
        ("'bad'", "1 / 0", 1),
        ("'nothing is seen'", "'good'", 0),
    ],
)
def test_not_shown_and_not_compiled(broken, fixed, code, tmp_path):
    (tmp_path / "__main__.py").symlink_to(FILES[0].parent / "__main__.py")
    stub = tmp_path / "stub.pyx"
    stub.write_text(STUB.format(broken, fixed) + "def observe(f): return f()\n")
    assert end(stub)[0] == code
    assert end(stub, CC="/nowhere/cc")[0] == end(tmp_path / "no_such_mistake.pyx")[0] == 2


def test_without_openmp():
    (file,) = ROOT.glob("0*/mistakes/missing_flag.pyx")
    assert end(file, OPENMP_CFLAGS="", OPENMP_LIBS="")[0] == 2
