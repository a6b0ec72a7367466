"""How long must a call work, so that giving the GIL back around it is worth it?

    ../.venv/bin/python grain.py
    ../.venv/bin/python grain.py -t 4 -o four.svg

Every row does the same work, the loop of counter.pyx, in calls of another grain: how long the
loop runs in one call. One thread that holds the GIL does all of it. Then several threads share
it and release the GIL in every call: that is the row, and `speedup` what they win. Then they
share it and hold the GIL: what that wins is `held`.
"""

import argparse
import contextlib
import io
import platform
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

BUILD = Path(__file__).resolve().parent / "build"
sys.path.insert(0, str(BUILD))
try:
    import counter
except ImportError as error:
    print(f"grain.py: {error}; in 03-nogil-extension, type: make build", file=sys.stderr)
    sys.exit(2)

# Nanoseconds of work in one call: multiples of the first, and close where the curve is steep.
GRAINS = 50, 100, 200, 500, 1000, 2000, 5000, 20_000, 100_000, 1_000_000, 10_000_000
ROW = "{:<8}{:>8}{:>11}{:>#10.4g}{:>9.2f}{:>7.2f}{:>8}{:>7.2f}  {}"
CELLS = 20  # of a bar
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


def run(pool, call, steps, calls, threads):
    """Let threads that start together make so many calls of call(steps) each.

    Returns the wall seconds and the CPU seconds. Raises ArithmeticError if another number of
    steps was taken, and RuntimeError if a thread cannot be started.
    """
    gate = threading.Barrier(threads)

    def work(_):
        gate.wait()
        taken, wall, cpu = 0, time.perf_counter(), time.thread_time()
        for _ in range(calls):
            taken += call(steps)
        return taken, wall, time.perf_counter(), time.thread_time() - cpu

    try:
        notes = list(pool.map(work, range(threads)))
    except BaseException:
        gate.abort()  # who waits for a thread that cannot be started would wait for ever
        raise
    taken, begin, end, cpu = zip(*notes, strict=True)
    if sum(taken) != steps * calls * threads:
        raise ArithmeticError(
            f"wrong answer: {call.__name__} on {threads} threads took {sum(taken)} steps, "
            f"expected {steps * calls * threads}"
        )
    return max(end) - min(begin), sum(cpu)


def measure_grain(pool, grain, unit, threads):
    """Do the work in calls of one grain, in all three ways, side by side; return a row."""
    steps, calls = grain // GRAINS[0] * unit, GRAINS[-1] // grain
    one, _ = run(pool, counter.declared, steps, calls * threads, 1)
    held, _ = run(pool, counter.declared, steps, calls, threads)
    counter.reset_inside()
    released, cpu = run(pool, counter.released, steps, calls, threads)
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
        # Not timed: meanwhile the system spreads the threads over the cores.
        run(pool, counter.released, 1000 * unit, 1000, threads)
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


def show(rows, threads):
    """Print the table. Its last column is a bar from 0 to the number of threads, marked at 1."""
    one = round(CELLS / threads)
    print(
        f"{'version':<8}{'threads':>8}{'answer':>11}{'seconds':>10}{'speedup':>9}{'busy':>7}"
        f"{'inside':>8}{'held':>7}  0{'1':.>{one}}{threads:.>{CELLS - one}}"
    )
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


def verdict(rows, threads):
    """Say from which grain on releasing pays, and where it first does in full."""
    busy = cores_of(rows)
    if busy < ENOUGH * threads:
        return (
            f"no verdict: these {threads} threads had {busy:.1f} cores in long calls; "
            f"are there {threads}, and are they free?"
        )
    speedup = {grain: row["speedup"] for grain, row in rows.items()}
    best, even = max(speedup, key=speedup.get), break_even(rows)
    if speedup[GRAINS[0]] >= 1:
        pays = f"even {name_of(GRAINS[0])} of work a call were worth a release"
    elif even:
        pays = (
            f"break-even: about {name_of(even)} of work a call; below that, {threads} threads that "
            "release are slower than one\n(after its call a thread wants the GIL again, and finds "
            "that another has it)"
        )
    else:
        pays = "no break-even: releasing never paid"
    full = [grain for grain in GRAINS if speedup[grain] >= 0.95 * threads]
    if full:
        return f"{pays}\n{0.95 * threads:.3g}x or more is first reached at {name_of(full[0])}"
    return f"{pays}\nthe most they won is {speedup[best]:.2f}x, at {name_of(best)}"


def picture(rows, threads):
    """Return the curves as SVG: the same numbers give the same text. Needs Matplotlib."""
    from matplotlib import rc_context  # noqa: PLC0415 - only now: NumPy starts threads of its own
    from matplotlib.figure import Figure  # noqa: PLC0415

    blue, gray, red = "#3572a5", "#6a6a6a", "#b03a2e"
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "grain", "font.size": 12}):
        figure = Figure(figsize=(8, 4.2), layout="constrained", facecolor="white")
        axes = figure.subplots()
        axes.set_title("Is it worth giving the GIL back?", loc="left", fontweight="bold", pad=12)
        axes.set_xlabel("work in one call")
        axes.set_ylabel(f"speed-up: {threads} threads against one")
        decades = [10**power for power in range(2, 8)]
        axes.set_xscale("log")
        axes.set_xticks(decades, [name_of(ns) for ns in decades])
        axes.set_xticks([], minor=True)
        axes.set_yticks(range(0, threads + 1, -(-threads // 8)))
        axes.set_ylim(0, max(threads, *(row["speedup"] for row in rows.values())) * 1.15)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#dddddd", linewidth=0.8)
        axes.axhspan(0, 1, color="#faf0ee", linewidth=0)
        axes.plot(GRAINS, [row["held"] for row in rows.values()], ".-", color=gray)
        axes.plot(GRAINS, [row["speedup"] for row in rows.values()], "o-", color=blue, linewidth=2)
        first, last, up = rows[GRAINS[0]], rows[GRAINS[-1]], (0, 8)
        label = {"textcoords": "offset points", "ha": "right"}
        axes.annotate("released", (GRAINS[-1], last["speedup"]), up, color=blue, **label)
        axes.annotate("held", (2 * GRAINS[0], first["held"]), up, color=gray, **label)
        axes.annotate("slower than one thread", (GRAINS[-1], 0), up, color=red, **label)
        even = break_even(rows)
        if even and cores_of(rows) >= ENOUGH * threads:
            axes.vlines(even, 0, 1, color=red, linewidth=1, linestyle="--")
            label = {"textcoords": "offset points", "color": red}
            axes.annotate(f"break-even: about {name_of(even)}", (even, 0), (6, 8), **label)
        page = io.StringIO()
        figure.savefig(page, format="svg", metadata={"Date": None, "Creator": None})
    return page.getvalue()


def write(path, text):
    """Write a whole file or none; end with one line where that is impossible."""
    part = Path(f"{path}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        print(f"grain.py: -o '{path}': {error.strerror}", file=sys.stderr)
        sys.exit(2)


def whole(low, high):
    """Make an argparse type: a whole number from low to high."""

    def parse(text):
        digits = text.isascii() and text.isdigit() and len(text) < 20
        if not (digits and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(
                f"{text!r}: expected a whole number from {low} to {high}"
            )
        return int(text)

    return parse


def main():
    # Without a usage line in front, a wrong option is reported in one line.
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__.split("\n")[0])
    parser.add_argument(
        "-t", type=whole(2, 64), default=2, help="threads that share the work (default: 2)"
    )
    parser.add_argument(
        "-r", type=whole(1, 100), default=5, help="rounds, of which medians are shown (default: 5)"
    )
    parser.add_argument(
        "-o",
        type=Path,
        default=BUILD / "grain.svg",
        metavar="FILE",
        help="where to write the picture (default: build/grain.svg)",
    )
    args = parser.parse_args()
    sys.stdout.reconfigure(errors="replace")  # the bars, where the encoding has no blocks
    print(
        f"the same work in calls of many sizes: {args.t} threads against one that holds the GIL; "
        f"CPython {platform.python_version()}",
        flush=True,
    )
    cost = shortest(counter.release_and_retake, 100_000)
    try:
        rows = measure(args.t, args.r)
    except (ArithmeticError, RuntimeError) as error:
        sys.exit(f"grain.py: {error}")

    show(rows, args.t)
    first = rows[GRAINS[0]]
    print(f"\na release and retake, when nobody else wants the GIL: {cost:.0f} ns")
    print(
        f"calls of {name_of(GRAINS[0])}: one thread finishes one every {first['ns_one']:.0f} ns, "
        f"{args.t} that release finish one every {first['ns_released']:.0f} ns"
    )
    print(verdict(rows, args.t))
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        print("this Python has no GIL: there is nothing to release, and `held` holds nothing")
    try:
        write(args.o, picture(rows, args.t))
    except ImportError as error:
        print(f"grain.py: {error}, so there is no picture", file=sys.stderr)


if __name__ == "__main__":
    main()
