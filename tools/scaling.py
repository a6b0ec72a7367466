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


def seconds_on(threads, command, version):
    """Return the seconds of a version's row, in the faster of two runs."""
    command = f"{command} -t {threads}"
    runs = [measure.parse(command, measure.run_once(command))[1] for _ in range(2)]
    return min(float(row["seconds"]) for rows in runs for row in rows if row["version"] == version)


def main():
    cores = usable_cpus()
    most = int(sys.argv[1]) if len(sys.argv) > 1 else cores
    print(f"speed-up against one thread, on {cores} cores")
    for folder, command, version, limit in VERSIONS:
        os.chdir(ROOT / folder)
        one = seconds_on(1, command, version)
        for threads in sorted({2**i for i in range(1, most.bit_length())} | {most} - {1}):
            if threads <= limit:
                speedup = one / seconds_on(threads, command, version)
                print(f"{folder[:2]} {command:<18}{version:<10}{threads:>4} {speedup:>6.2f}")


if __name__ == "__main__":
    try:
        bench.run(main)
    except measure.Failed as failure:
        bench.fail(1, failure)
