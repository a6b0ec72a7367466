"""Measure versions by other libraries, each in a process of its own; those not here are left out.

In one process their pools of threads would disturb each other: idle threads of one spin, waiting
for more to do, while another is measured.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from bench import row


def each_alone(works, threads, measure, *arguments):
    """Yield (version, what measure returns) of each version that is installed and does not crash.

    works: a dict of version: what measure is called with, in a new process, before the arguments.
    """
    left_out = {}  # each name once
    for name in "NUMBA_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS":
        os.environ[name] = str(threads)  # read when the library is imported
    for version, work in works.items():
        # Compiled once. In folders of their own: Numba does not tell serial from parallel there.
        os.environ["NUMBA_CACHE_DIR"] = str(Path(__file__).parent / "build/numba" / version)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            try:
                yield version, alone.submit(measure, work, *arguments).result()
            except ImportError as error:  # it is missing, or refuses another package here
                left_out[(error.name or version).partition(".")[0]] = None
            except BrokenProcessPool:
                left_out[f"{version} that crashed"] = None
    if left_out:
        print(f"\nleft out: {', '.join(left_out)} (make peers adds what it can)")


def measure_each(versions, threads, measure, *arguments):
    """Print a row for each of versions, a dict of name: (function, whether it uses threads)."""
    works = {version: make for version, (make, _) in versions.items()}
    for version, cells in each_alone(works, threads, measure, *arguments):
        row(version, threads if versions[version][1] else 1, *cells)
