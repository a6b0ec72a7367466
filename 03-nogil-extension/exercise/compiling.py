"""Compile the reader's file, and run what came of it, for a bounded time. For check.py."""

import os
import shlex
import subprocess
import sys
import sysconfig

import bounded

MOST = 300  # seconds, for the compiler: on a very busy machine it takes minutes
HANGS = "still running"
CC = shlex.split(os.environ.get("CC") or "cc")


def run(command, limit=MOST, **environment):
    """Run a command; return (exit code, output, errors), or (None, complaint, "") if it hangs."""
    try:
        return bounded.run(command, limit, env=os.environ | environment)
    except subprocess.TimeoutExpired:
        return None, f"{HANGS} after {limit:g} s; an endless loop? the GIL taken back twice?", ""


def build(module, *sources):
    """Compile sources (file names and options) into module; return the first error, or ""."""
    flags = shlex.split(os.environ.get("CFLAGS", "-O2"))
    shared = ["-shared", "-fPIC", "-pthread", "-I", sysconfig.get_path("include")]
    if sys.platform == "darwin":
        shared += ["-undefined", "dynamic_lookup"]
    code, output, errors = run([*CC, *flags, *shared, *sources, "-o", module], LC_ALL="C")
    if code == 0:
        return ""
    lines = [line.strip() for line in (output + errors).splitlines()]
    first = next((line for line in lines if "error" in line), "".join(lines[:1]) or "cc failed")
    return first + ("; type make doctor" if "Python.h" in first else "")
