"""All versions of the training: in pure Python, NumPy, Cython and C, on one thread and on several.

    python ladder.py

Each trains until the objective is within 0.1% of the optimum. The versions stand in rungs/, one
file for each in C. `GB/s` counts the bytes of the rows and labels that an epoch reads.
"""

import os
from statistics import median

from bench import built, header, openmp_threads, read_options, run, verdict

THREADS = openmp_threads(64)
# NumPy's own threads spin while they wait, and would spoil the timing of ours. Before its import.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
with built():
    from data.flights import BLOCK, OPTION, in_memory, load
    from rungs import in_c, in_python
    from rungs.training import show, train


def python_versions(data, threads):
    """Yield (name, epoch, threads) of the versions in Python and Cython; see training.train()."""
    for name, make in in_python.VISITS.items():
        epoch = in_python.local_sgd(make(data))
        yield name, epoch, 1
        if name in ("python", "cython"):
            yield f"{name}-threads", epoch, threads
    yield "cython-prange", in_python.cython_prange(data), threads  # last: OpenMP's threads spin


def c_versions(data, threads):
    """Yield (name, epoch, threads) of the versions in C."""
    n, lambda_ = data.train, data.lambda_
    rows, labels = in_memory(data.rows[:n]), in_memory(data.labels[:n])
    for name in "serial", "batched", "prefetched":
        yield name, in_c.rung(name, rows, labels, lambda_), 1
    yield "openmp", in_c.rung("prefetched", rows, labels, lambda_), threads
    rows = in_memory(in_c.packed(rows))
    yield "bfloat16", in_c.rung("bfloat16", rows, labels, lambda_), 1
    yield "bfloat16-openmp", in_c.rung("bfloat16", rows, labels, lambda_), threads


def climb(name, epoch, threads, data, args):
    """Train once with evaluation, then as often as fits in 0.3 s without; print the median time."""
    about = epoch, data.train // BLOCK, threads
    answer, epochs, took = train(*about, args.e * about[1], args.s, data)
    walls, cpus, same = [took.wall], [took.cpu], True
    while len(walls) < 99 and sum(walls) < 0.3:
        again, _, took = train(*about, epochs * about[1], args.s)
        same &= again.tobytes() == answer.tobytes()
        walls.append(took.wall)
        cpus.append(took.cpu)
    took.wall = median(walls)
    took.cpu = took.wall * sum(cpus) / sum(walls)
    size = data.train * (4 + (64 if name.startswith("bfloat16") else 128))
    speed = f"{size * epochs / took.wall / 1e9:.1f}"
    show(name, threads, data, answer, epochs, took, speed, right=same)


def main():
    args = read_options(
        __doc__,
        t=(THREADS, 1, 64, "threads"),
        e=(20, 1, 1000, "most epochs"),
        s=(1, 0, 2**32 - 1, "seed"),
        c={"action": "store_true", "help": "only the versions in C"},
        file=OPTION,
    )
    data = load(args.file)
    print(f"SGD on {data.train} rows until the objective is within 0.1% of {data.optimum:.6f}")
    header("epochs", f"{'gap':>8}", "AUC", "GB/s")
    for makes in (c_versions,) if args.c else (python_versions, c_versions):
        for version in makes(data, args.t):
            climb(*version, data, args)
    verdict()


if __name__ == "__main__":
    run(main)
