"""How many CPUs may this process use? The one place that counts them.

python cpus.py        prints the number
"""

import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # a container's: "max", or microseconds in so many of them


def usable_cpus():
    """Return the CPUs that affinity and the cgroup's quota leave to this process, at least 1."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = map(int, QUOTA.read_text().split())
    except (OSError, ValueError):  # no such file, or no quota
        return cpus
    return min(cpus, -(-quota // period))


if __name__ == "__main__":
    print(usable_cpus())
