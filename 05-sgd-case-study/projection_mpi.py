"""A projection to 1,024 machines, from what one machine and a network take.

    mpiexec -n 2 python -m mpi4py projection_mpi.py

(`make mpi` does that, once build/mpi.json has the seconds of an epoch.) Two ranks send messages to
and fro; on two machines they measure the network between those. Two models make the rest. Each
worker has to see as many rows as each of 64 workers on the flights, in one epoch or in several. And
MPI_Allreduce takes a round of messages for each doubling of the machines (recursive doubling;
Thakur et al. 2005, section 4.5).
"""

import subprocess
import time
from math import ceil, inf, log2
from pathlib import Path

import chart
from bench import built, fail, read_options, run

with built():
    import numpy as np
    from convergence import measured
    from mpi4py import MPI

HERE = Path(__file__).parent
WORKERS = 16, 32, 64  # with fewer the flights need one epoch or two: too coarse
LARGE = 2**24  # bytes


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
    command = [HERE / "build/sgd", "-t", str(workers), HERE / "build/flights.bin"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        fail(1, f"build/sgd: exit code {done.returncode}")
    title, head, *lines = (line.split() for line in done.stdout.splitlines())
    epochs = next(int(line[head.index("epochs")]) for line in lines if line[0] == "openmp")
    return epochs * int(title[2]) // workers


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
    print("\nms until 0.1%, against machines (a projection)")
    print(*chart.draw(curves, "{:g}".format, "machines"), sep="\n")


def main():
    comm = MPI.COMM_WORLD
    if comm.rank:
        comm.Barrier()  # a wrong option is refused by rank 0, and once
    args = read_options(__doc__, t=(2, 1, 64, "threads of each machine"))
    if comm.size != 2:
        fail(2, f"{comm.size} ranks, but two are needed: mpiexec -n 2 ...")
    known = [row for row in measured("mpi") if row["version"] in ("mapped", "mpi")]
    ours = [row for row in known if row["version"] == "mapped" and int(row["threads"]) == args.t]
    if not ours:
        fail(2, f"build/mpi.json: no row of larger.c on {args.t} threads; make mpi makes it")
    if not comm.rank:
        comm.Barrier()
    latency, large = seconds_of_message(comm, 1, 2000), seconds_of_message(comm, LARGE, 20)
    if comm.rank:
        return
    sent = max(int(row.get("sent-B", 0)) for row in known)
    rows, epoch = int(ours[0]["title"].split()[2]), ours[0]["seconds"] / int(ours[0]["epochs"])
    needed = [rows_to_see(workers) for workers in WORKERS]
    print(f"a projection: {rows} rows on machines like this one, each with {args.t} threads")
    print(
        f"measured: {epoch * 1000:.1f} ms an epoch; {latency * 1e6:.1f} us a message, "
        f"{LARGE / large / 1e9:.1f} GB/s; each of {', '.join(map(str, WORKERS))} workers\n"
        f"sees {', '.join(map(str, needed))} rows until 0.1%\n"
    )
    project(rows, epoch, args.t, needed[-1], latency + sent * large / LARGE)


if __name__ == "__main__":
    run(main)
