"""How far do the parallel versions of chapters 2 to 5 scale? Run them on 1, 2, 4 ... threads.

    python scaling.py 8      on at most 8 threads; without a number, on as many as there are cores

Prints each version's speed-up against itself on one thread. The faster of two runs counts.
"""

import os
import sys
from pathlib import Path

import bench
import measure
from cpus import usable_cpus

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = (  # folder, command, row, and the most threads that it takes
    ("02-threads-in-c", "build/primes", "dynamic", 256),
    ("03-nogil-extension", "python primes.py", "released", 256),
    ("04-openmp-prange", "build/add", "openmp", 256),
    ("04-openmp-prange", "build/mandelbrot", "dynamic", 256),
    ("05-sgd-case-study", "build/sgd", "openmp", 64),
)


def team_sizes(most):
    """Return 1, 2, 4 ... and most itself."""
    return sorted({2**i for i in range(most.bit_length())} | {most})


def seconds_on(threads, command, version):
    """Return the seconds of a version's row, in the faster of two runs."""
    runs = [measure.parse(command, measure.run_once(f"{command} -t {threads}")) for _ in range(2)]
    return min(
        float(row["seconds"]) for _, rows, _ in runs for row in rows if row["version"] == version
    )


def bar(speedup, threads, most, cells=30):
    """Draw a speed-up from 0 to the most threads, with a mark where the ideal is."""
    end, ideal = (round(x / most * cells) for x in (min(speedup, most), threads))
    return "".join("█" if i < end else "|" if i == ideal else " " for i in range(cells + 1))


def main():
    cores = usable_cpus()
    most = int(sys.argv[1]) if len(sys.argv) > 1 else cores
    print(f"speed-up against one thread (|: ideal), {cores} usable cores")
    for folder, command, version, limit in VERSIONS:
        os.chdir(ROOT / folder)
        name, one = f"{command.split()[-1].removeprefix('build/')}/{version}", None
        for threads in team_sizes(min(most, limit)):
            took = seconds_on(threads, command, version)
            one = one or took
            drawn = bar(one / took, threads, most)
            print(f"{name:<20}{threads:>4} {one / took:>6.2f} {drawn}".rstrip())
            name = ""
    if most > cores:
        print(f"more threads than the {cores} cores: those cannot be faster")


if __name__ == "__main__":
    bench.run(main)
