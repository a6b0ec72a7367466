"""Where a measurement was made: what is stored with it, and stands under the tables of a page."""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import loky
import pyperf

HERE = Path(__file__).parent


def git(*words):
    """Run a command of git on all files but pages."""
    command = ["git", "-C", HERE, *words, "--", ":/", ":(top,exclude)*.md", ":(top,exclude)*.png"]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def commit():
    """Return the last commit that changed more than pages; with a + if files differ from it."""
    last = git("log", "-1", "--format=%h").stdout.strip() if shutil.which("git") else ""
    return last + "+" * git("diff", "--quiet", "HEAD").returncode if last else "none"


def compiler():
    """Return what made build/, without the name that gcc was called by."""
    says = (HERE / "build" / "compiler").read_text(encoding="utf-8").partition(" on ")[0]
    return re.sub(r" \(.*?\)", "", re.sub(r"^\S*cc\S* \(", "gcc (", says))


def metadata():
    """Return what pyperf knows of this machine, and a line for the pages."""
    known = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    model, cpus = known.get("cpu_model_name", platform.machine()), loky.cpu_count()
    python = sys.version.partition(" (")[0]  # it says if there is no GIL
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    line = f"{model}, {cpus} cores; {system}; CPython {python}; {compiler()}"
    about = {"usable_cpus": cpus, "commit": commit(), "machine": line}
    return known | about | {"options": os.environ.get("T") or "none"}  # of make THREADS=N
