"""How long must a call work, so that giving the GIL back around it is worth it?

    python grain.py
    python grain.py -t 4 -o four.svg

Every row does the same work, the loop of counter.pyx, in calls of another grain: how long the
loop runs in one call. One thread that holds the GIL does all of it. Then several threads share
it and release the GIL in every call: that is the row, and `speedup` what they win. Then they
share it and hold the GIL: what that wins is `held`.
"""

import platform
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

from bench import built, fail, read_options, run

with built():
    import counter

# Nanoseconds of work in one call: multiples of the first, and close where the curve is steep.
GRAINS = 50, 100, 200, 500, 1000, 2000, 5000, 20_000, 100_000, 1_000_000, 10_000_000
HEADER = "version threads    answer  seconds speedup  busy inside  held"
ROW = "{:<7}{:>8}{:>10}{:>#9.4g}{:>8.2f}{:>6.2f}{:>7}{:>6.2f}  {}"
CELLS = 16  # of a bar
ENOUGH = 0.8  # of a core for each thread: with less there is no verdict


def name_of(ns):
    """Write nanoseconds as one short word: 50ns, 1.5us, 10ms."""
    size, unit = next(pair for pair in ((1e6, "ms"), (1e3, "us"), (1, "ns")) if ns >= pair[0])
    return f"{float(f'{ns / size:.2g}'):g}{unit}"


def shortest(call, n):
    """Return the nanoseconds that one of the n steps of call(n) takes when nothing disturbs it."""
    times = []
    for _ in range(20):
        start = time.perf_counter_ns()
        call(n)
        times.append(time.perf_counter_ns() - start)
    return min(times) / n


def work_together(pool, call, steps, calls, threads):
    """Let threads that start together make so many calls of call(steps) each.

    Returns the wall seconds and the CPU seconds.
    """
    gate = threading.Barrier(threads)

    def work(_):
        gate.wait()
        taken, wall, cpu = 0, time.perf_counter(), time.thread_time()
        for _ in range(calls):
            taken += call(steps)
        return taken, wall, time.perf_counter(), time.thread_time() - cpu

    taken, begin, end, cpu = zip(*pool.map(work, range(threads)), strict=True)
    wrong, right = sum(taken), steps * calls * threads
    if wrong != right:
        name = call.__name__
        fail(1, f"wrong answer: {name} on {threads} threads took {wrong} steps, expected {right}")
    return max(end) - min(begin), sum(cpu)


def measure_grain(pool, grain, unit, threads):
    """Do the work in calls of one grain, in all three ways, side by side; return a row."""
    steps, calls = grain // GRAINS[0] * unit, GRAINS[-1] // grain
    one, _ = work_together(pool, counter.declared, steps, calls * threads, 1)
    held, _ = work_together(pool, counter.declared, steps, calls, threads)
    counter.reset_inside()
    released, cpu = work_together(pool, counter.released, steps, calls, threads)
    return {
        "answer": steps * calls * threads,
        "seconds": released,
        "speedup": one / released,
        "busy": cpu / released,
        "inside": counter.inside(),
        "held": one / held,
        "ns_one": one / (calls * threads) * 1e9,
        "ns_released": released / (calls * threads) * 1e9,
    }


def measure(threads, rounds):
    """Measure all grains in rounds; return for each grain a row of medians."""
    unit = max(1, round(GRAINS[0] / shortest(counter.declared, 10**6)))
    seen = {grain: [] for grain in GRAINS}
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(time.sleep, [0.1] * threads))  # starts them all, before one waits for another
        # Not timed: meanwhile the system spreads the threads over the cores.
        work_together(pool, counter.released, 1000 * unit, 1000, threads)
        for done in range(rounds):
            for grain in GRAINS:
                if sys.stderr.isatty():
                    text = f"round {done + 1} of {rounds}, {name_of(grain)}"
                    print(f"\r{text:<30}\r", end="", file=sys.stderr, flush=True)
                seen[grain].append(measure_grain(pool, grain, unit, threads))
    return {
        grain: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        for grain, rows in seen.items()
    }


def show_table(rows, threads):
    """Print the table. Its last column is a bar from 0 to the number of threads, marked at 1."""
    one = round(CELLS / threads)
    print(f"{HEADER}  0{'1':.>{one}}{threads:.>{CELLS - one}}")
    for grain, row in rows.items():
        end = round(row["speedup"] / threads * CELLS)
        bar = "".join("█" if i < end else "|" if i == one else "." for i in range(CELLS + 1))
        cells = [row[key] for key in ("seconds", "speedup", "busy")]
        answer, inside = round(row["answer"]), round(row["inside"])
        print(ROW.format(name_of(grain), threads, answer, *cells, inside, row["held"], bar))


def break_even(rows):
    """Return the grain at which the speed-up rises above 1, or None.

    Between two rows it is read off a straight line, over the logarithm of the grain.
    """
    for (a, low), (b, high) in pairwise(rows.items()):
        if low["speedup"] < 1 <= high["speedup"]:
            return a * (b / a) ** ((1 - low["speedup"]) / (high["speedup"] - low["speedup"]))
    return None


def cores_of(rows):
    """Return how many cores the threads had in long calls."""
    return statistics.median(row["busy"] for grain, row in rows.items() if grain >= 20_000)


def from_where_on(rows, threads):
    """Say from which grain on releasing pays."""
    even = break_even(rows)
    if rows[GRAINS[0]]["speedup"] >= 1:
        return f"even {name_of(GRAINS[0])} of work a call were worth a release"
    if not even:
        return "no break-even: releasing never paid"
    return (
        f"break-even: about {name_of(even)} of work a call; "
        f"below that, {threads} threads that release are\nslower than one "
        "(after its call a thread wants the GIL again: another has it)"
    )


def verdict(rows, threads):
    """Say from which grain on releasing pays, and where it first does in full."""
    busy = cores_of(rows)
    if busy < ENOUGH * threads:
        return (
            f"no verdict: these {threads} threads had {busy:.1f} cores in long calls;\n"
            f"are there {threads}, and are they free?"
        )
    speedup = {grain: row["speedup"] for grain, row in rows.items()}
    best = max(speedup, key=speedup.get)
    most = f"the most they won is {speedup[best]:.2f}x, at {name_of(best)}"
    full = [grain for grain in GRAINS if speedup[grain] >= 0.95 * threads]
    if full:
        most = f"{0.95 * threads:.3g}x or more is first reached at {name_of(full[0])}"
    return f"{from_where_on(rows, threads)}\n{most}"


BLUE, GRAY, RED = "#3572a5", "#6a6a6a", "#b03a2e"


def draw_axes(axes, threads, top):
    axes.set_title("Is it worth giving the GIL back?", loc="left", fontweight="bold", pad=12)
    axes.set_xlabel("work in one call")
    axes.set_ylabel(f"speed-up: {threads} threads against one")
    decades = [10**power for power in range(2, 8)]
    axes.set_xscale("log")
    axes.set_xticks(decades, [name_of(ns) for ns in decades])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(0, threads + 1, -(-threads // 8)))
    axes.set_ylim(0, max(threads, top) * 1.15)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.axhspan(0, 1, color="#faf0ee", linewidth=0)


def draw_curves(axes, rows, threads):
    def label(text, x, y, color, shift=(0, 8), side="right"):
        axes.annotate(text, (x, y), shift, textcoords="offset points", ha=side, color=color)

    released, held = ([row[key] for row in rows.values()] for key in ("speedup", "held"))
    axes.plot(GRAINS, held, ".-", color=GRAY)
    axes.plot(GRAINS, released, "o-", color=BLUE, linewidth=2)
    label("released", GRAINS[-1], released[-1], BLUE)
    label("held", 2 * GRAINS[0], held[0], GRAY)
    label("slower than one thread", GRAINS[-1], 0, RED)
    even = break_even(rows)
    if even and cores_of(rows) >= ENOUGH * threads:
        axes.vlines(even, 0, 1, color=RED, linewidth=1, linestyle="--")
        label(f"break-even: about {name_of(even)}", even, 0, RED, (6, 8), "left")


def draw(rows, threads, path):
    """Write the curves as SVG."""
    with built():  # only now: NumPy starts threads of its own
        from matplotlib import rc_context  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    with rc_context({"svg.fonttype": "none", "font.size": 12}):
        figure = Figure(figsize=(8, 4.2), layout="constrained", facecolor="white")
        axes = figure.subplots()
        draw_axes(axes, threads, max(row["speedup"] for row in rows.values()))
        draw_curves(axes, rows, threads)
        try:
            figure.savefig(path, format="svg")
        except OSError as error:
            fail(2, f"-o '{path}': {error.strerror}")


def main():
    picture = Path(__file__).parent / "build/grain.svg"
    args = read_options(
        __doc__,
        t=(2, 2, 256, "threads that share the work"),
        r=(5, 1, 100, "rounds, of which medians are shown"),
        o={"metavar": "FILE", "default": picture, "help": "the picture (default: build/grain.svg)"},
    )
    title = f"calls of many sizes: {args.t} threads that release the GIL against one"
    print(f"{title}; CPython {platform.python_version()}", flush=True)
    cost = shortest(counter.release_and_retake, 100_000)
    rows = measure(args.t, args.r)
    show_table(rows, args.t)
    first = rows[GRAINS[0]]
    print(f"\na release and retake, when nobody else wants the GIL: {cost:.0f} ns")
    print(f"calls of {name_of(GRAINS[0])}: one thread finishes one every {first['ns_one']:.0f} ns,")
    print(f"{args.t} that release finish one every {first['ns_released']:.0f} ns")
    print(verdict(rows, args.t))
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        print("this Python has no GIL: there is nothing to release, and `held` holds nothing")
    draw(rows, args.t, args.o)


if __name__ == "__main__":
    run(main)
