"""How far do the parallel versions of chapters 2 to 5 scale? Run them on 1, 2, 4 ... threads.

python scaling.py 8      on at most 8 threads; without a number, on as many as there are cores

Prints each version's speed-up against itself on one thread, and draws it in build/scaling.svg
beside the line that would be ideal. Each run is a fresh process, and the faster of two counts.
"""

import os
import sys
from pathlib import Path

import measure
from cpus import usable_cpus
from matplotlib import rc_context
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "tools/build/scaling.svg"
RUNS = 2
CELLS = 30  # of a bar
VERSIONS = {  # name: its folder, command and row, and the most threads that it takes
    "02 primes.c": ("02-threads-in-c", "build/primes", "dynamic", 256),
    "03 primes.py": ("03-nogil-extension", "python primes.py", "released", 256),
    "04 add.c": ("04-openmp-prange", "build/add", "openmp", 256),
    "04 mandelbrot.c": ("04-openmp-prange", "build/mandelbrot", "dynamic", 256),
    "05 sgd.c": ("05-sgd-case-study", "build/sgd", "openmp", 64),
}


def team_sizes(most):
    """Return 1, 2, 4 ... and most itself."""
    return sorted({2**i for i in range(most.bit_length())} | {most})


def seconds_on(threads, folder, command, version):
    """Return the seconds of a version's row, in the faster of some runs."""
    os.chdir(ROOT / folder)
    command = f"{command} -t {threads}"
    outputs = [measure.run_once(command) for _ in range(RUNS)]
    rows = [row for output in outputs for row in measure.parse(command, output)[1]]
    return min(float(row["seconds"]) for row in rows if row["version"] == version)


def bar(speedup, threads, most):
    """Draw a speed-up from 0 to the most threads, with a mark where the ideal is."""
    end, ideal = (round(x / most * CELLS) for x in (min(speedup, most), threads))
    return "".join("█" if i < end else "|" if i == ideal else " " for i in range(CELLS + 1))


def draw(speedups, most):
    with rc_context({"svg.fonttype": "none", "font.size": 12}):
        figure = Figure(figsize=(8, 5), layout="constrained", facecolor="white")
        axes = figure.subplots()
        axes.plot([1, most], [1, most], "--", color="#6a6a6a", label="ideal")
        for name, points in speedups.items():
            axes.plot(list(points), list(points.values()), "o-", label=name)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2)
        ticks = team_sizes(most)
        axes.set_xticks(ticks, map(str, ticks))
        axes.set_yticks(ticks, map(str, ticks))
        axes.set_xlabel("threads")
        axes.set_ylabel("speed-up against one thread")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        PICTURE.parent.mkdir(exist_ok=True)
        figure.savefig(PICTURE, format="svg")


def main():
    cores = usable_cpus()
    most = int(sys.argv[1]) if len(sys.argv) > 1 else cores
    speedups = {}
    print(f"speed-up against one thread (|: ideal), {cores} usable cores", flush=True)
    for name, (*what, limit) in VERSIONS.items():
        one, speedups[name] = None, {}
        for threads in team_sizes(min(most, limit)):
            took = seconds_on(threads, *what)
            one = one or took
            speedups[name][threads] = speedup = one / took
            label = name if threads == 1 else ""
            print(
                f"{label:<16}{threads:>4} {speedup:>6.2f} {bar(speedup, threads, most)}", flush=True
            )
    draw(speedups, most)
    if most > cores:
        print(f"more threads than the {cores} cores: those cannot be faster")
    elif len(team_sizes(most)) < 3:
        print("few cores make few points: on more of them you see where a version stops to gain")
    print("the picture is in tools/build/scaling.svg")


if __name__ == "__main__":
    try:
        main()
    except measure.Failed as failure:
        sys.exit(str(failure))
