"""Several processes: the bits of threads, what a checkpoint keeps, and how a job ends."""

import os
import signal
import sys
import time
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen

import pytest

HERE, MPIEXEC = Path(__file__).parents[1], Path(sys.executable).parent / "mpiexec"
if not MPIEXEC.exists() or not (HERE / "build/librungs.so").exists():
    pytest.skip("there is no Open MPI (make mpi), or no OpenMP", allow_module_level=True)
sys.path += [str(HERE), str(HERE / "more"), str(HERE / "build")]
mapped, training, flights = map(pytest.importorskip, ("mapped", "rungs.training", "data.flights"))
DATA, KEPT = HERE / "build/flights.bin", Path("build/checkpoint")
SOCKETS = "export OMPI_MCA_pml=ob1 OMPI_MCA_btl=tcp,self OMPI_MCA_btl_tcp_if_include=lo"
ELSEWHERE = '[ "$OMPI_COMM_WORLD_RANK" = 0 ] || cd other'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data.bin").symlink_to(DATA)


def other(name, at, new):
    """Write a copy of the data that is different from this byte on."""
    Path(name).parent.mkdir(exist_ok=True)
    whole = DATA.read_bytes()
    Path(name).write_bytes(whole[:at] + new + whole[at + len(new) :])


def start(ranks, words, shell=""):
    """Start so many ranks, each after some shell; 0: one, without the launcher."""
    root = ["--allow-run-as-root"] * (os.getuid() == 0)
    job = [MPIEXEC, *root, "--map-by", ":OVERSUBSCRIBE", "-n", str(ranks)] * (ranks > 0)
    job += ["bash", "-c", f'{shell}\nexec "$@"', "bash", sys.executable, "-m", "mpi4py"]
    return Popen([*job, HERE / "more/sgd_mpi.py", *words.split()], stdout=PIPE, stderr=STDOUT)


def run(*words):
    """Return the exit code of ranks, and what they said."""
    with start(*words) as job:
        said = job.communicate(timeout=300)[0].decode()
    return job.returncode, said


def kept():
    """Return what is in the checkpoint, but not its times: training, epoch; weights, answer."""
    return KEPT.read_bytes()[:48], KEPT.read_bytes()[72:-4]


@pytest.mark.parametrize(("ranks", "shell"), [(1, ""), (2, ""), (3, SOCKETS), (4, "")])
def test_ranks_have_the_bits_of_as_many_threads(ranks, shell):
    code, said = run(ranks, "-k data.bin", shell)
    epochs, *_, sent = said.partition("\nmpi ")[2].split("\n")[0].split()[5:]
    data, seed = flights.load(DATA), 1
    blocks = data.train // flights.BLOCK
    answer, *_ = training.train(mapped.mapped(data, seed), blocks, ranks, int(epochs) * blocks)
    assert (code, kept()[1][-answer.nbytes :]) == (0, answer.tobytes())
    if shell and sys.platform == "linux":  # the bytes of a rank's weights at least
        assert int(sent) >= 4 * (training.SUMMED + 1)


def test_training_goes_on_from_a_checkpoint_to_the_same_weights():
    assert run(4, "-k data.bin")[0] == 0
    whole = kept()
    KEPT.unlink()
    assert run(4, "-k -e 1 data.bin")[0] == 1 and kept() != whole  # it is not there yet
    before, full = kept(), run(4, "-k data.bin", f"{SOCKETS}; ulimit -f 0")  # as on a full disk
    assert (full[0], kept()) == (1, before) and "File too large" in full[1]
    for _ in range(2):  # the second time from the end
        assert run(4, "-k data.bin")[0] == 0 and kept() == whole
    assert os.listdir("build") == ["checkpoint"]


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_refused():
    other("other.bin", 32, b"!")  # of its optimum
    assert run(0, "-k data.bin")[0] == 0
    good = KEPT.read_bytes()
    damaged = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in (0, 45, 100, 459)]
    jobs = [(content, 0, "data.bin") for content in (*damaged, b"", good[:100], good + b"x")]
    jobs += [(good, 0, "-s 7 data.bin"), (good, 2, "data.bin"), (good, 0, "other.bin")]
    for content, ranks, words in jobs:
        KEPT.write_bytes(content)
        code, said = run(ranks, f"-k {words}")
        assert (code, said.count("build/checkpoint: "), KEPT.read_bytes()) == (2, 1, content)


def test_a_rank_that_is_killed_ends_the_job():
    other("far.bin", 38, b"\xd0")  # an optimum that training does not come near
    job = start(2, "-k -e 1000 far.bin", "echo $$ >$OMPI_COMM_WORLD_RANK")
    while not KEPT.exists():
        assert job.poll() is None
        time.sleep(0.01)
    os.kill(int(Path("1").read_text()), signal.SIGKILL)
    job.communicate(timeout=60)
    assert job.returncode == 128 + signal.SIGKILL


def test_what_is_wrong_and_the_help_are_said_once():
    other("other/data.bin", 32, b"!")
    other("nan.bin", 128 * 250_000, b"\0\0\xc0\x7f")  # in the part of the last rank
    once = {"-s x": "expected a whole number", "-h": "most epochs", "none.bin": "No such file"}
    for words, text in (once | {"nan.bin": "not finite"}).items():
        code, said = run(2, words)
        assert (code, said.count(text)) == (2 * (words != "-h"), 1)
    code, said = run(2, "data.bin", ELSEWHERE)
    assert (code, said.count("rank 1 has another file")) == (2, 1)


def test_nothing_stays_in_shared_memory_without_a_launcher():
    shell = "mkdir shared; export OMPI_MCA_btl_sm_backing_directory=$PWD/shared"
    assert run(0, "data.bin", shell)[0] == 0 and not os.listdir("shared")
