"""Local SGD in several processes, in Python: mpi4py gathers what the Cython kernel has trained.

    mpiexec -n 2 python -m mpi4py sgd_mpi.py

(`make mpi` installs Open MPI and mpi4py; with `-m mpi4py` one rank's exception ends them all.) Each
rank, as MPI calls its processes, trains on its part of the file, which every machine must have.
averaging.py combines the weights, as it does those of threads. sgd_mpi.c is its twin in C, which
trains in batches.
"""

import sys
from pathlib import Path

from bench import built, fail, header, read_options, row, run, stopwatch, verdict

with built():
    import numpy as np
    from averaging import FIRST_STEP, combine, shuffle, step_size
    from flights_file import BLOCK, FEATURES, TOLERANCE, auc, check, objective, opened
    from mpi4py import MPI

    import rungs

DATA = Path("build/flights.bin")


def together(comm, begin):
    """Return what begin() returns, once rank 0 has called it: what is wrong is said only once."""
    ended = result = None
    try:
        result = comm.rank or begin()
    except SystemExit as end:
        ended = end.code or 0
    ended = comm.bcast(ended)
    if ended is not None:
        sys.exit(ended)
    return begin() if comm.rank else result


def train(comm, mine, blocks, args):
    """Train until within 0.1% of the optimum; return the answer, the gap, the epochs, the time.

    mine: the Flights of this rank's rows. blocks: of all ranks together.
    """
    visit = rungs.cython(mine, mine.train)
    weights, totals = np.zeros((2, comm.size, FEATURES), dtype=np.float32)
    order, state, answer, gap, epoch = list(range(mine.train // BLOCK)), args.s, 0, 1, 0
    state, wall, cpu = state + comm.rank, 0, 0
    while epoch < args.e and abs(gap) > TOLERANCE:
        comm.Barrier()  # so that no clock runs while another rank judges
        with stopwatch() as took:
            state = shuffle(order, state)
            w, total = weights[comm.rank], totals[comm.rank]
            step = step_size(FIRST_STEP, epoch, comm.size)
            visit(np.array(order, dtype=np.uint32), w, total, step)
            comm.Allgather(MPI.IN_PLACE, weights)
            comm.Allgather(MPI.IN_PLACE, totals)
            answer = combine(weights, totals, blocks, answer, epoch)
        wall, cpu, epoch = wall + took.wall, cpu + took.cpu, epoch + 1
        share = objective(mine, answer) * mine.train / (blocks * BLOCK)
        gap = comm.allreduce(share) / mine.optimum - 1
    took.wall, took.cpu = comm.allreduce(wall, MPI.MAX), comm.allreduce(cpu)
    return answer, gap, epoch, took


def main():
    comm = MPI.COMM_WORLD

    def begin():
        args = read_options(
            __doc__,
            e=(20, 1, 1000, "most epochs"),
            s=(1, 0, 2**32 - 1, "seed"),
            file={"type": Path, "nargs": "?", "default": DATA, "help": "the data"},
        )
        try:
            data = opened(args.file)
        except ValueError as error:
            fail(2, error)
        if comm.size > data.train // BLOCK:
            fail(2, f"{comm.size} ranks, and only {data.train // BLOCK} blocks to share out")
        return args, data

    args, data = together(comm, begin)
    if comm.bcast(data[2:]) != data[2:]:
        fail(2, f"{args.file}: rank {comm.rank} has another file than rank 0")
    blocks = data.train // BLOCK
    low, high = (blocks * rank // comm.size * BLOCK for rank in (comm.rank, comm.rank + 1))
    try:
        check(data, low, high, args.file)
        if not comm.rank:  # it judges
            check(data, data.train, len(data.labels), args.file)
    except ValueError as error:
        fail(2, error)
    mine = data._replace(rows=data.rows[low:high], labels=data.labels[low:high], train=high - low)
    answer, gap, epochs, took = train(comm, mine, blocks, args)
    if not comm.rank:
        print(f"SGD on {data.train} rows, by {comm.size} ranks")
        header("epochs", f"{'gap':>8}", "AUC")
        reached = f"{(1 + gap) * data.optimum:.6f}"
        cells = f"{epochs}", f"{gap:8.4%}", f"{auc(data, answer):.4f}"
        row("mpi", comm.size, reached, abs(gap) <= TOLERANCE, took, *cells)
    verdict()


if __name__ == "__main__":
    run(main)
