"""Python threads, times OpenMP's, and those of BLAS: far more threads than cores.

    python mistakes/too_many_threads.py

As on a machine of four cores. All threads wait in their parallel regions until they are counted.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy
import threadpoolctl as pools
from mistakes import OPENMP, load, say, show

PYTHON, TEAM = 2, 4


def crowd(module, job, **options):
    """Let an executor's threads do a job; return how many are in its region, and what it found."""
    module.reset()
    with ThreadPoolExecutor(PYTHON, **options) as pool:
        jobs = [pool.submit(job) for _ in range(PYTHON)]
        return module.count(PYTHON), jobs[0].result()


def main():
    total = PYTHON * TEAM
    say(
        "expected",
        f"with OMP_NUM_THREADS={TEAM}, {PYTHON} Python threads x {TEAM} of OpenMP: "
        f"{total} at work at once",
    )

    os.environ["OMP_NUM_THREADS"] = str(TEAM)
    module = load("too_many_threads", "-O0", *OPENMP)

    def job():
        numpy.ones((2, 2)) @ numpy.ones((2, 2))  # BLAS
        found = [f"{pool['prefix']} {pool['num_threads']}" for pool in pools.threadpool_info()]
        module.region()
        return ", ".join(sorted(found))

    before, found = crowd(module, job)
    with pools.threadpool_limits(1):
        around, less = crowd(module, job)
    say("seen", f"{before} threads; threadpoolctl finds: {found}")
    say("", f"limit of 1 set in the main thread: {around} threads; {less}")
    say(
        "cause",
        "OpenMP and BLAS each take a thread for each core, whoever calls; OpenMP does so "
        "for each Python thread. It also keeps a limit for each of them, so one that is set "
        "in the main thread reaches BLAS alone.",
    )
    say("fix", "ThreadPoolExecutor(2, initializer=threadpool_limits, initargs=(1,))")

    after, found = crowd(module, job, initializer=pools.threadpool_limits, initargs=(1,))
    say("fixed", f"{after} threads; {found}")
    return (before, around, after) == (total, total, PYTHON) and "omp 1" in found


if __name__ == "__main__":
    show(__doc__, main)
