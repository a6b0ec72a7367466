"""A projection to 1,024 machines, from what one machine and a network take.

    mpiexec -n 2 python -m mpi4py projection_mpi.py

(`make mpi` does that through sockets, once build/mpi.json has the seconds of an epoch.) Two ranks
send messages to and fro; on two machines they measure the network between those. Two models make
the rest. Each worker has to see as many rows as each of 64 workers on the flights, in as many
epochs as it takes. And MPI_Allreduce takes a round of messages for each doubling of the machines
(recursive doubling; Thakur et al. 2005, section 4.5). Left out: that workers end at different
times, what their judging takes, and that sgd_mpi.c shares out no less than 8 MB.
"""

import time
from math import ceil, inf, log2

from bench import built, fail, read_options, run

import chart

with built():
    import numpy as np
    from flights_file import FEATURES
    from mpi4py import MPI

    from convergence import measured, table_of
    from sgd_mpi import together

WORKERS = 16, 32, 64  # with fewer the flights need one epoch or two: too coarse
LARGE = 2**24  # bytes
SUM = (2 * FEATURES + 2) * 8  # bytes that sgd_mpi.c sums up once an epoch


def seconds_of_message(comm, size, times):
    """Return what a message of `size` bytes takes from one rank to the other: the fastest."""
    buffer, best = np.zeros(size, dtype=np.uint8), inf
    for _ in range(times):
        start = time.perf_counter()
        if comm.rank:
            comm.Recv(buffer)
            comm.Send(buffer, dest=0)
        else:
            comm.Send(buffer, dest=1)
            comm.Recv(buffer)
        best = min(best, (time.perf_counter() - start) / 2)
    return best


def rows_to_see(workers):
    """Return how many rows each of the workers sees until the flights are within 0.1%."""
    rows, table = table_of("sgd", workers)
    epochs = next(int(row["epochs"]) for row in table if row["version"] == "openmp")
    return epochs * rows // workers


def project(rows, epoch, threads, needed, message):
    """Print the ms until 0.1% of `rows` that are shared out among machines, and draw them.

    epoch, message: the seconds that these take. needed: how many rows each worker has to see.
    """
    print("machines  rows/worker  epochs  compute-ms  network-ms  all-ms  speedup  weak-ms")
    curves = {"all": [], "compute": [], "network": [], "weak: as many rows for each machine": []}
    for machines in (2**i for i in range(11)):
        mine = rows / machines / threads
        epochs, epochs_weak = (max(1, ceil(needed / each)) for each in (mine, rows / threads))
        one_sum = ceil(log2(machines)) * message * 1000
        compute, network = epochs * epoch / machines * 1000, epochs * one_sum
        both, weak = compute + network, epochs_weak * (epoch * 1000 + one_sum)
        print(
            f"{machines:>8}{mine:>13.0f}{epochs:>8}{compute:>12.3f}{network:>12.3f}{both:>8.3f}"
            f"{epochs_weak * epoch * 1000 / both:>9.1f}{weak:>9.3f}"
        )
        for curve, value in zip(curves.values(), (both, compute, network, weak), strict=True):
            curve.extend([(machines, value)] if value else [])
    fastest, ms = min(curves["all"], key=lambda point: point[1])
    print(f"\nfastest: {ms:.3f} ms, on {fastest} machines")
    print("\nms until 0.1%, against machines (a projection)")
    print(*chart.draw(curves, "{:g}".format, ""), sep="\n")


def main():
    comm = MPI.COMM_WORLD

    def begin():
        args = read_options(__doc__, t=(2, 1, 64, "threads of each machine"))
        if comm.size != 2:
            fail(2, f"{comm.size} ranks, but two are needed: mpiexec -n 2 ...")
        epochs = [row for row in measured("mpi") if row["version"] == "mapped"]
        epochs = [row for row in epochs if int(row["threads"]) == args.t]
        if not epochs:
            fail(2, f"build/mpi.json: no row of larger.c on {args.t} threads; make mpi makes it")
        return args.t, epochs[0]

    threads, known = together(comm, begin)
    machines = len(set(comm.allgather(MPI.Get_processor_name())))
    latency, large = seconds_of_message(comm, 1, 2000), seconds_of_message(comm, LARGE, 20)
    if comm.rank:
        return
    rows, epoch = int(known["title"].split()[2]), known["seconds"] / int(known["epochs"])
    needed = [rows_to_see(workers) for workers in WORKERS]
    print(f"a projection: {rows} rows, on machines like this one, each with {threads} threads")
    print("measured:")
    print(f"  {epoch * 1000:.1f} ms an epoch, of one machine")
    where = f"processes of {'one machine' if machines == 1 else 'two machines'}"
    print(f"  {latency * 1e6:.1f} us and {LARGE / large / 1e9:.1f} GB/s a message between {where}")
    for workers, each in zip(WORKERS, needed, strict=True):
        print(f"  {each} rows that each of {workers} workers sees until 0.1%, in whole epochs")
    print()
    project(rows, epoch, threads, needed[-1], latency + SUM * large / LARGE)


if __name__ == "__main__":
    run(main)
