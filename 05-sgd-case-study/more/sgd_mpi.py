"""Train in several processes, on one machine or on many: MPI brings their weights together.

    mpiexec -n 2 python -m mpi4py more/sgd_mpi.py

Each rank, as MPI calls its processes, trains on its part of the file as a thread of mapped.py does,
and the answer is that of as many threads, to the last bit. With `-m mpi4py`, a rank that fails ends
the others, too. `sent-B`: bytes that a rank hands to TCP in an epoch, if it does and Linux counts.
"""

import os
import socket
from contextlib import suppress
from pathlib import Path
from timeit import repeat
from zlib import crc32

from bench import built, fail, header, read_options, run, stopwatch, store, verdict

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in ladder.py
if "PMIX_RANK" not in os.environ:  # no launcher would remove the memory that ranks share
    os.environ.setdefault("OMPI_MCA_btl", "self")
with built():
    import numpy as np
    import numpy.random  # NumPy imports it at its first use, which is timed
    from data.flights import FEATURES, OPTION, load
    from mapped import train_part
    from mpi4py.MPI import COMM_WORLD, MAX, PROC_NULL, Finalize
    from rungs import training
    from rungs.training import SUMMED, WEIGHTS, answer_of, average, is_near, step_size

RANK, RANKS = COMM_WORLD.rank, COMM_WORLD.size
KEPT = Path("build/checkpoint")
STATE = [("training", "f8", 5), ("epoch", "i8"), ("wall", "f8"), ("cpu", "f8"), ("sent", "f8")]
STATE = np.dtype([*STATE, ("weights", "f4", FEATURES), ("answer", "f8", FEATURES)])


def begin():
    """Return the options and where training begins, perhaps with what a checkpoint has."""
    keep = {"action": "store_true", "help": f"keep {KEPT}, and go on from it"}
    numbers = {"e": (20, 1, 1000, "most epochs"), "s": (1, 0, 2**32 - 1, "seed")}
    args = read_options(__doc__, **numbers, k=keep, file=OPTION)
    data, state = load(args.file), np.zeros((), STATE).view(np.recarray)
    state.training = args.s, RANKS, data.train, data.lambda_, data.optimum
    if args.k and KEPT.exists():
        body, check = (content := KEPT.read_bytes())[:-4], content[-4:]
        if crc32(body).to_bytes(4) != check or not body.startswith(state.training.tobytes()):
            fail(2, f"{KEPT}: of another training, or damaged; remove it to begin anew")
        state = np.ndarray((), STATE, bytearray(body)).view(np.recarray)
    return args, state


def sent():
    """Return how many bytes this process has handed to TCP; Linux counts them, others say 0."""
    total = 0
    for file in filter(Path.is_socket, Path("/proc/self/fd").glob("*")):
        with suppress(OSError), socket.socket(fileno=os.dup(int(file.name))) as connection:
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 208)
            total += int(np.frombuffer(info, np.uint64)[25])  # tcpi_bytes_sent in linux/tcp.h
    return total


def train(data, state, args):
    """Train until rank 0 finds the objective within 0.1% of the optimum."""
    own, workers = training.new_workers(1)[0], np.zeros((RANKS, SUMMED + 1), np.float32)
    while state.epoch < args.e and not COMM_WORLD.bcast(RANK or is_near(data, state.answer)):
        COMM_WORLD.Barrier()  # so that no clock runs while another rank is not there yet
        epoch, before = int(state.epoch), sent()
        with stopwatch() as took:
            own[WEIGHTS] = state.weights
            train_part(data, RANK, RANKS, epoch, step_size(epoch, RANKS), args.s, own)
            COMM_WORLD.Allgather(own[: SUMMED + 1], workers)
            average(workers)  # each rank does it, in the same order: all have the same bits
            state.weights = workers[0, WEIGHTS]
            state.answer = answer_of(workers, state.answer, epoch)
        state.sent += COMM_WORLD.allreduce(sent() - before) / RANKS
        state.wall += COMM_WORLD.allreduce(took.wall, MAX)
        state.cpu += COMM_WORLD.allreduce(took.cpu)
        state.epoch += 1
        if args.k and RANK == 0:
            store(KEPT, lambda path: path.write_bytes(state.tobytes() + crc32(state).to_bytes(4)))


def measure_link():
    """Print what an Allgather takes as in an epoch, and how fast 16 MB go from rank to rank."""
    part, parts = np.zeros(SUMMED + 1, np.float32), np.zeros((RANKS, SUMMED + 1), np.float32)
    large, other = np.zeros(2**24, np.uint8), 1 - RANK if RANK < 2 else PROC_NULL
    calls = [COMM_WORLD.Recv, COMM_WORLD.Send][:: 1 if RANK else -1]  # rank 0 sends first
    small = repeat(lambda: COMM_WORLD.Allgather(part, parts), COMM_WORLD.Barrier, number=100)
    there_and_back = repeat(lambda: [call(large, other) for call in calls], number=1)
    if RANK == 0:
        way = os.environ.get("OMPI_MCA_btl", "default")  # noqa: SIM112 - Open MPI's own name
        print(f"\nby {way}: {min(small) * 1e4:.1f} us for an Allgather as in an epoch")
        print(f"by {way}: {2**25 / min(there_and_back) / 1e9:.2f} GB/s from rank to rank")


def main():
    try:
        begun = None if RANK else begin()
    except SystemExit as end:
        begun = end
    if isinstance(begun := COMM_WORLD.bcast(begun), SystemExit):  # rank 0 has said why
        Finalize()
        raise begun
    args, state = begun
    data = load(args.file)
    if (data.train, data.lambda_, data.optimum) != tuple(state.training[2:]):
        fail(2, f"{args.file}: rank {RANK} has another file than rank 0")
    train(data, state, args)
    if RANK == 0:
        print(f"SGD on {data.train} rows, by {RANKS} ranks")
        header("epochs", f"{'gap':>8}", "AUC", "sent-B")
        handed = round(state.sent / state.epoch) or "-"
        training.show("mpi", RANKS, data, state.answer, state.epoch, state, handed)
    RANKS > 1 and measure_link()
    verdict()


if __name__ == "__main__":
    run(main)
