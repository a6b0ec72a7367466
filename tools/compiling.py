"""Compile and run what a reader or a mistake brings: the only place where that is done.

Compiler and flags are those that make hands on: CC, CFLAGS, OPENMP_CFLAGS and OPENMP_LIBS.
"""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import bounded

CC = shlex.split(os.environ.get("CC") or "cc")
CFLAGS = shlex.split(os.environ.get("CFLAGS", "-O2"))
BOTH = (os.environ.get(name, "-fopenmp") for name in ("OPENMP_CFLAGS", "OPENMP_LIBS"))
OPENMP = shlex.split(" ".join(BOTH))
LATER = "-undefined", "dynamic_lookup"  # on macOS: Python's functions are found at the import
SHARED = ["-shared", "-fPIC", "-pthread", *LATER * (sys.platform == "darwin")]
MODULE = [*SHARED, "-I", sysconfig.get_path("include")]
HANGS = "still running after"

# What the reader has set for other programs of OpenMP is not for this one. The messages of
# compilers are read here, so they are in English.
for name in [name for name in os.environ if name.startswith(("OMP_", "GOMP_", "KMP_"))]:
    del os.environ[name]
os.environ |= {"OMP_WAIT_POLICY": "passive", "LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}


def run(command, seconds=300, waiting="", **variables):
    """Run a command; return (exit code, output, errors). The code is None if it had no end.

    variables: set in its environment, or taken out of it where None.
    """
    environment = {n: v for n, v in (os.environ | variables).items() if v is not None}
    try:
        return bounded.run([str(word) for word in command], seconds, waiting, env=environment)
    except subprocess.TimeoutExpired as late:
        return None, (late.output or b"").decode(errors="replace"), f"{HANGS} {seconds:g} s"
    except OSError as error:
        what = f"cannot run {error.filename}: " if error.filename else ""
        return None, "", what + error.strerror


def messages(command, source):
    """Run a compiler; return (whether it succeeded, its lines about the source, or else errors)."""
    code, output, errors = run([*command, source], waiting=f"the compiler of {source.name}")
    lines = [line.strip() for line in (errors + output).splitlines() if line.strip()]
    here = re.compile(rf"^(?!warning).*?({re.escape(source.name)}:\d+:\d+: (?!warning|note).*)")
    about = [found[1] for line in lines if (found := here.search(line))]
    wrong = [line for line in lines if "undefined reference" in line or "error" in line]
    failed = about or wrong or lines[:1] or [f"{command[0]} failed on {source.name}"]
    return code == 0, about if code == 0 else failed


def build(target, source, *words, cc=CC):
    """Compile a source to target, with more words for the compiler; return "" or its complaint."""
    done, lines = messages([*cc, *words, "-o", target], source)
    return "" if done else lines[0] + "; type make doctor" * ("Python.h" in lines[0])


def translate(target, source, *words):
    """Let Cython make C of a .pyx; return as messages() does."""
    return messages([sys.executable, "-m", "cython", "-3", *words, "-o", target], source)


def folder_in(chapter):
    """Return a folder, as a context, for what is made and run: TMPDIR may not allow to run it."""
    (chapter / "build").mkdir(exist_ok=True)
    return tempfile.TemporaryDirectory(dir=chapter / "build", prefix="work-")


def thread_sanitizer(folder):
    """Does ThreadSanitizer work here?"""
    source = Path(folder, "try.c")
    source.write_text("int main(void) { return 0; }\n")
    program = source.with_suffix("")
    return not build(program, source, "-fsanitize=thread") and run([program])[0] == 0


def address_sanitizer():
    """Return AddressSanitizer's flags, and what Python needs to run with it; ([], {}) without."""
    names = f"libclang_rt.asan-{os.uname().machine}.so", "libclang_rt.asan.so", "libasan.so"
    for name in names:  # clang's own first: it knows where gcc's is, too
        library = run([*CC, f"-print-file-name={name}"])[1].strip()
        if Path(library).is_absolute():
            flags = ["-g", "-fsanitize=address", *["-shared-libsan"] * ("clang" in library)]
            needs = {"LD_PRELOAD": library, "LD_LIBRARY_PATH": str(Path(library).parent)}
            needs |= {"PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0"}
            works = run([sys.executable, "-c", ""], **needs)[0] == 0
            return (flags, needs) if works else ([], {})
    return [], {}
