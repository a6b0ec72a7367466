"""Where a measurement was made: what is stored with it, and stands under the tables of a page."""

import os
import platform
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyperf
from cpus import usable_cpus


def git(*words):
    command = ["git", "-C", Path(__file__).parent, *words, "--", ":/", ":!*.md", ":!*.png"]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def commit():
    """Return the last commit that changed more than pages; with a + if files differ from it."""
    last = git("log", "-1", "--format=%h").stdout.strip()
    return last + "+" * git("diff", "--quiet", "HEAD").returncode if last else "no commit"


def compiler():
    """Return the name and the version of the C compiler."""
    command = [*shlex.split(os.environ.get("CC") or "cc"), "--version"]
    says = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    line = re.sub(r" \(.*?\)", "", says.partition("\n")[0])
    # "cc" is a name that many compilers answer to.
    return f"gcc {line.split()[-1]}" if "Free Software Foundation" in says else line


def metadata():
    """Describe this machine, as pyperf does, and in one line for the pages."""
    known = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    keep = ("cpu_model_name", "cpu_count", "platform", "python_version", "date")
    about = {key: known[key] for key in keep if key in known}
    system = f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}"
    gil = "" if getattr(sys, "_is_gil_enabled", lambda: True)() else " without the GIL"
    python = f"CPython {platform.python_version()}{gil}"
    cpu = about.get("cpu_model_name") or platform.processor() or platform.machine()
    machine = f"{cpu}, {usable_cpus()} cores; {system}; {python}; {compiler()}"
    flags = os.environ.get("CFLAGS") or "-"
    return about | {
        "machine": machine,
        "commit": commit(),
        "usable_cpus": usable_cpus(),
        "cflags": flags,
    }
