"""Several processes: the bits of threads, what a checkpoint keeps, and how a job ends."""

import os
import sys
from pathlib import Path

import pytest
from conftest import run

MPIEXEC, PROGRAM = Path(sys.executable).parent / "mpiexec", Path("more/sgd_mpi.py").absolute()
if not MPIEXEC.exists():
    pytest.skip("there is no Open MPI (make mpi)", allow_module_level=True)
NEEDS = "in_cython", "mapped", "rungs.training", "data.flights"
_, mapped, training, flights = map(pytest.importorskip, NEEDS)
DATA, KEPT = Path("build/flights.bin").read_bytes(), Path("build/checkpoint")
SOCKETS = "export OMPI_MCA_pml=ob1 OMPI_MCA_btl=tcp,self OMPI_MCA_btl_tcp_if_include=lo"
NOT_0 = '[ "$OMPI_COMM_WORLD_RANK" = 0 ] ||'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data.bin").write_bytes(DATA)


def changed(content, at, new):
    return content[:at] + new + content[at + len(new) :]


def job(ranks, words, shell=""):
    """Return the exit code of ranks (0: no launcher), what they say, and keep, but no times."""
    root = ["--allow-run-as-root"] * (os.getuid() == 0)
    words = [sys.executable, "-m", "mpi4py", PROGRAM, *words.split()]
    start = [MPIEXEC, *root, "--map-by", ":OVERSUBSCRIBE", "-n", str(ranks)] * (ranks > 0)
    done = run(*start, "bash", "-c", f'{shell}\nexec "$@" 2>&1', "bash", *words)
    kept = KEPT.exists() and changed(KEPT.read_bytes()[:-4], 48, b"\0" * 24)
    return done.returncode, done.stdout, kept


@pytest.mark.parametrize(("ranks", "shell"), [(1, ""), (3, SOCKETS), (4, "")])
def test_ranks_have_the_bits_of_as_many_threads(ranks, shell):
    code, said, kept = job(ranks, "-k data.bin", shell)
    epochs, *_, sent = said.partition("\nmpi ")[2].split("\n")[0].split()[5:]
    data = flights.load("data.bin")
    blocks = data.train // flights.BLOCK
    answer, *_ = training.train(mapped.mapped(data, 1), blocks, ranks, int(epochs) * blocks)
    assert (code, kept[-answer.nbytes :]) == (0, answer.tobytes())
    assert sent == "-" if not shell else sys.platform != "linux" or int(sent) >= 260  # 65 floats


def test_training_goes_on_from_a_checkpoint_to_the_same_weights():
    *_, whole = job(4, "-k data.bin")
    KEPT.unlink()
    code, _, part = job(4, "-k -e 1 data.bin")
    assert code == 1 and part != whole  # it is not there yet
    code, said, kept = job(4, "-k data.bin", f"{SOCKETS}; ulimit -f 0")  # as on a full disk
    assert (code, kept, os.listdir("build")) == (1, part, ["checkpoint"]) and "too large" in said
    assert [job(4, "-k data.bin")[::2] for _ in range(2)] == [(0, whole)] * 2


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_refused():
    Path("other.bin").write_bytes(changed(DATA, 32, b"!"))  # of its optimum
    shell = "mkdir shared; export OMPI_MCA_btl_sm_backing_directory=$PWD/shared"
    assert job(0, "-k data.bin", shell)[0] == 0 and not os.listdir("shared")
    good = KEPT.read_bytes()
    damaged = [changed(good, at, bytes([good[at] ^ 1])) for at in (0, 45, 459)]
    jobs = [(content, 0, "data.bin") for content in (*damaged, b"", good[:100], good + b"x")]
    jobs += [(good, 0, "-s 7 data.bin"), (good, 2, "data.bin"), (good, 0, "other.bin")]
    for content, ranks, words in jobs:
        KEPT.write_bytes(content)
        code, said, _ = job(ranks, f"-k {words}")
        assert (code, said.count("build/checkpoint: "), KEPT.read_bytes()) == (2, 1, content)


def test_a_rank_that_is_killed_ends_the_job():
    Path("data.bin").write_bytes(changed(DATA, 38, b"\xd0"))  # training does not come near it
    kill = f"{NOT_0} (until [ -e build/checkpoint ]; do sleep 0.01; done; kill -9 $$) &"
    assert job(2, "-k -e 1000 data.bin", kill)[0] == 128 + 9


def test_what_is_wrong_and_the_help_are_said_once():
    Path("other").mkdir()
    Path("other/data.bin").write_bytes(changed(DATA, 32, b"!"))
    once = {"-s x": "expected a whole number", "-h": "most epochs", "none.bin": "No such file"}
    for words, text in (once | {"data.bin": "rank 1 has another"}).items():
        code, said, _ = job(2, words, f"{NOT_0} cd other")
        assert (code, said.count(text)) == (2 * (words != "-h"), 1)
