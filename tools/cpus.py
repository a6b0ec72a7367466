"""Print how many CPUs this process may use: by its affinity, and by the quotas of its cgroups."""

import math
import os
from pathlib import Path


def quotas(cgroup=Path("/proc/self/cgroup"), mount=Path("/sys/fs/cgroup")):
    """Yield the CPUs that each cgroup allows, from this process's own up to the root."""
    for line in cgroup.read_text().splitlines() if cgroup.exists() else ():
        _, controllers, path = line.split(":", 2)
        own = mount / ("cpu" if "cpu" in controllers.split(",") else "") / path.lstrip("/")
        for folder in (own, *own.parents):
            # Version 2: "50000 100000" or "max 100000"; version 1: a number in each of two files.
            files = (folder / name for name in ("cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us"))
            words = " ".join(file.read_text() for file in files if file.exists()).split()
            if len(words) == 2 and words[0] not in ("max", "-1"):
                yield math.ceil(int(words[0]) / int(words[1]))


def usable_cpus():
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min([cpus, *quotas()])


if __name__ == "__main__":
    print(usable_cpus())
