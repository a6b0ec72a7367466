"""Compile and run what a reader or a mistake brings, with the compiler and flags of make."""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import bounded

CC = shlex.split(os.environ.get("CC") or "cc")
CFLAGS = shlex.split(os.environ.get("CFLAGS", "-O2"))
BOTH = (os.environ.get(name, "-fopenmp") for name in ("OPENMP_CFLAGS", "OPENMP_LIBS"))
OPENMP = shlex.split(" ".join(BOTH))
LATER = "-undefined", "dynamic_lookup"  # on macOS: Python's functions are found at the import
SHARED = ["-shared", "-fPIC", "-pthread", *LATER * (sys.platform == "darwin")]
MODULE = [*SHARED, "-I", sysconfig.get_path("include")]

# What the reader has set for other programs of OpenMP is not for this one. The messages of
# compilers are read here, so they are in English.
for name in [name for name in os.environ if name.startswith(("OMP_", "GOMP_", "KMP_"))]:
    del os.environ[name]
os.environ |= {"OMP_WAIT_POLICY": "passive", "LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}


def run(command, seconds=300, waiting="", **variables):
    """Run a command; return (exit code, output, errors). The code is None if it had no end."""
    try:
        return bounded.run(command, seconds, waiting, os.environ | variables)
    except subprocess.TimeoutExpired as late:
        said = (late.output or b"").decode(errors="replace")
        return None, said, f"still running after {seconds:g} s"
    except OSError as error:
        what = f"cannot run {error.filename}: " if error.filename else ""
        return None, "", what + error.strerror


def messages(command, source):
    """Run a compiler; return (whether it succeeded, what it says about the source, or else)."""
    code, output, errors = run([*command, source], waiting=f"the compiler of {source.name}")
    lines = [line.strip() for line in (errors + output).splitlines() if line.strip()]
    here = re.compile(rf"^(?!warning).*?({re.escape(source.name)}:\d+:\d+: (?!warning|note).*)")
    about = [found[1] for line in lines if (found := here.search(line))]
    wrong = [line for line in lines if "undefined reference" in line or "error" in line]
    return code == 0, about or wrong or lines[:1]


def build(target, source, *words, cc=CC):
    """Compile a source to target, with more words for the compiler; return "" or its complaint."""
    done, lines = messages([*cc, *words, "-o", target], source)
    said = "".join(lines[:1]) or f"{cc[0]} failed"
    return "" if done else said + "; type make doctor" * ("Python.h" in said)


def translate(target, source, *words):
    """Let Cython make C of a .pyx; return as messages() does."""
    return messages([sys.executable, "-m", "cython", "-3", *words, "-o", target], source)


def address_sanitizer():
    """Return AddressSanitizer's flags, and what Python needs to run with it; ([], {}) without."""
    needs = {"PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0"}
    names = f"libclang_rt.asan-{os.uname().machine}.so", "libclang_rt.asan.so", "libasan.so"
    for name in names:  # clang's own first: it knows where gcc's is, too
        library = Path(run([*CC, f"-print-file-name={name}"])[1].strip())
        needs |= {"LD_PRELOAD": str(library), "LD_LIBRARY_PATH": str(library.parent)}
        if library.is_absolute() and run([sys.executable, "-c", ""], **needs)[0] == 0:
            return ["-g", "-fsanitize=address", *["-shared-libsan"] * ("clang" in name)], needs
    return [], {}
