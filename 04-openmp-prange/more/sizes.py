"""The same addition with 1,000 to 30,000,000 elements: where do threads start to pay?

    python more/sizes.py

GB/s of one thread, of several, and of several only where there are `enough` elements for them, by
prange's use_threads_if (24 bytes an element). The picture is build/sizes.svg.
"""

import time
from pathlib import Path

from bench import built, enough_memory, fail, openmp_threads, read_options, run, store

THREADS = max(2, openmp_threads())
with built():
    import numpy as np
    import parallel_add
    from matplotlib.figure import Figure

SIZES = [m * 10**e for e in range(3, 8) for m in (1, 3)]
BYTES, ROUNDS, SECONDS = 24, 5, 0.005


def caches():
    """Return {name: bytes} of the first CPU's caches for data; {} where Linux does not say."""
    found = {}
    for cache in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((cache / n).read_text().strip() for n in ("level", "type", "size"))
        if kind != "Instruction":
            found[f"L{level}"] = int(size.rstrip("K")) * 1024
    return found


def seconds(arrays, threads, enough):
    """Return the seconds of one addition; add twice as often until that takes long enough."""
    times, took = 1, 0
    while took < SECONDS:
        times *= 2
        begin = time.perf_counter()
        parallel_add.add_repeatedly(*arrays, threads, enough, times)
        took = time.perf_counter() - begin
    return took / times


def speeds(arrays, ways):
    """Return the GB/s of each way, (threads, enough), in the fastest of rounds with all in turn."""
    rounds = [[seconds(arrays, *way) for way in ways] for _ in range(ROUNDS)]
    return [BYTES * len(arrays[0]) / min(same) / 1e9 for same in zip(*rounds, strict=True)]


def draw(shown, names, path):
    axes = Figure(figsize=(8, 4), layout="constrained").subplots()
    axes.plot(list(shown), list(shown.values()), ".-", label=names)
    axes.set(xscale="log", ylim=0, xlabel="elements (above: where a cache ends)", ylabel="GB/s")
    axes.secondary_xaxis("top").set_xticks([room / BYTES for room in caches().values()], caches())
    axes.legend()
    axes.figure.savefig(path, format="svg")


def main():
    n, t = (SIZES[-1], SIZES[0], SIZES[-1], "elements at most"), (THREADS, 2, 256, "threads")
    args = read_options(__doc__, n=n, t=t, e=(10_000, 1, 10**9, "elements that are enough"))
    enough_memory(BYTES * args.n)
    arrays = np.ones(args.n), np.ones(args.n), np.zeros(args.n)
    names = "1 thread", f"{args.t} threads", f"if >= {args.e:,}"
    print(f"{'elements':>10}  fit in", *map("{:>12}".format, names), "  GB/s")
    shown = {}
    for n in filter(args.n.__ge__, SIZES):
        shown[n] = speeds([array[:n] for array in arrays], [(1, 0), (args.t, 0), (args.t, args.e)])
        place = next((name for name, room in caches().items() if BYTES * n <= room), "memory")
        print(f"{n:>10,}  {place:<6}", *map("{:>12.1f}".format, shown[n]))
    (arrays[2][: max(shown)] == 2).all() or fail(1, "wrong answer")
    faster = [f"from {n:,} elements on" for n, (one, many, _) in shown.items() if many > 1.1 * one]
    print(f"{args.t} threads pay", *faster[:1] or ["at no size"])
    store(Path(__file__).parents[1] / "build/sizes.svg", lambda path: draw(shown, names, path))


if __name__ == "__main__":
    run(main)
