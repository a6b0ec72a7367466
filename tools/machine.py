"""Where a measurement was made: what is stored with it, and stands under the tables of a page."""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pyperf
from cpus import usable_cpus

KEEP = "cpu_model_name", "cpu_count", "platform", "python_version", "date"  # as pyperf names them


def run(*command):
    return subprocess.run(command, check=False, capture_output=True, text=True)


def commit():
    """Return the last commit that changed more than pages; with a + if files differ from it."""
    if not shutil.which("git"):
        return "none"
    git = "git", "-C", Path(__file__).parent
    code = "--", ":/", ":(top,exclude)*.md", ":(top,exclude)*.png"
    last = run(*git, "log", "-1", "--format=%h", *code).stdout.strip()
    return last + "+" * run(*git, "diff", "--quiet", "HEAD", *code).returncode if last else "none"


def compiler():
    says = run(*shlex.split(os.environ.get("CC") or "cc"), "--version").stdout
    name = re.sub(r" \(.*?\)", "", says.partition("\n")[0])
    # "cc" is a name that many compilers answer to.
    return f"gcc {name.split()[-1]}" if "Free Software Foundation" in says else name


def metadata():
    """Return what pyperf knows of this machine, and a line for the pages."""
    known = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    about = {key: known[key] for key in KEEP if key in known}
    about |= {"usable_cpus": usable_cpus(), "commit": commit()}
    about["options"] = os.environ.get("T") or "none"  # of make THREADS=N
    gil = "" if getattr(sys, "_is_gil_enabled", lambda: True)() else " without the GIL"
    system = f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}"
    about["machine"] = (
        f"{about.get('cpu_model_name', platform.machine())}, {usable_cpus()} cores; {system}; "
        f"CPython {platform.python_version()}{gil}; {compiler()}"
    )
    return about
