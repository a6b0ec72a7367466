"""Count down from n, twice: in sequence, on threads, in processes, coroutines, subinterpreters.

    python3 count.py

Every version takes the same 2n steps, and the answer is the number of steps taken. `busy` is CPU
time over wall time: how many cores worked.
"""

import asyncio
import multiprocessing
import platform
from concurrent import futures

from bench import has_gil, header, read_options, row, run, stopwatch, verdict


def count_down(n):
    steps = 0
    while n > 0:
        n -= 1
        steps += 1
    return steps


def count_in(pool, shares):
    """Count in a new pool of threads, processes or interpreters, and shut the pool down."""
    with pool:
        return sum(pool.map(count_down, shares))


async def count_in_coroutines(shares):
    async def count(n):
        return count_down(n)  # never awaits, so it never lets another coroutine run

    return sum(await asyncio.gather(*map(count, shares)))


def main():
    args = read_options(__doc__, n=(5_000_000, 1, 10**12, "count from n"), t=(2, 1, 256, "threads"))
    steps, t = 2 * args.n, args.t
    shares = [steps // t + (i < steps % t) for i in range(t)]
    fork = multiprocessing.get_context("fork")  # by a server, they would be missing in `busy`
    versions = {
        "sequential": (1, lambda: sum(map(count_down, shares))),
        "threads": (t, lambda: count_in(futures.ThreadPoolExecutor(t), shares)),
        "processes": (t, lambda: count_in(futures.ProcessPoolExecutor(t, fork), shares)),
        "asyncio": (1, lambda: asyncio.run(count_in_coroutines(shares))),
    }
    if hasattr(futures, "InterpreterPoolExecutor"):  # since 3.14
        pool = futures.InterpreterPoolExecutor
        versions["subinterpreters"] = t, lambda: count_in(pool(t), shares)

    gil = "with" if has_gil() else "without"
    print(f"count down from {args.n:,}, twice; CPython {platform.python_version()} {gil} the GIL")
    header()
    # CPython 3.11 is faster after a function's eighth call, and after the first thread. So all rows
    # begin after both.
    count_in(futures.ThreadPoolExecutor(1), [1] * 8)
    for version, (workers, count) in versions.items():
        with stopwatch() as took:
            answer = count()
        row(version, workers, answer, answer == steps, took)
    verdict()


if __name__ == "__main__":
    run(main)
