"""Compile and run what a reader or a mistake brings, with the compiler and flags of make."""

import os
import re
import shlex
import sys
import sysconfig

import bounded

CC = shlex.split(os.environ.get("CC") or "cc")
CFLAGS = shlex.split(os.environ.get("CFLAGS", "-O2"))
OPENMP = [os.environ.get(f"OPENMP_{which}", "-fopenmp") for which in ("CFLAGS", "LIBS")]
OPENMP = shlex.split(" ".join(OPENMP))
MODULE = ["-shared", "-fPIC", "-pthread", "-I", sysconfig.get_path("include")]
if sys.platform == "darwin":  # Python's functions are found at the import
    MODULE += ["-undefined", "dynamic_lookup"]

# What the reader has set for other programs of OpenMP is not for this one. The messages of
# compilers are read here, so they are in English.
for name in [name for name in os.environ if name.startswith(("OMP_", "GOMP_", "KMP_"))]:
    del os.environ[name]
os.environ |= {"OMP_WAIT_POLICY": "passive", "LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}


def run(command, seconds=300, waiting="", **variables):
    """Run a command; return (exit code, output, errors), as bounded.run() does."""
    return bounded.run(command, seconds, waiting, os.environ | variables)


def compile_to(target, source, *command):
    """Run a compiler; return (whether it succeeded, what it says about the source, or else)."""
    command = [*command, "-o", target, source]
    code, output, errors = run(command, waiting=f"the compiler of {source.name}")
    said, place = (errors + output).strip(), re.escape(source.name) + r":\d+:\d+: "
    about = re.findall(f"^(?!warning).*?({place}(?!warning|note).*)", said, re.MULTILINE)
    wrong = re.findall(".*(?:undefined reference|error).*", said)
    return code == 0, about or wrong or said.split("\n")[:1]


def translate(target, source):
    """Let Cython make C of a .pyx, for a module of the target's name; return as compile_to()."""
    words = "-3", "-I", os.path.dirname(__file__), "--module-name", target.stem
    return compile_to(target, source, sys.executable, "-m", "cython", *words)


def build(target, source, *words, cc=CC):
    """Make a program, or a module if target is a .so; return "" or the compiler's complaint."""
    if source.suffix == ".pyx":
        done, said = translate(target.with_suffix(".c"), source)
        return build(target, target.with_suffix(".c"), *words) if done else said[0]
    module = MODULE if target.suffix == ".so" else ()
    done, said = compile_to(target, source, *cc, *CFLAGS, *words, *module)
    hint = "; type make doctor" * ("Python.h" in said[0])
    return "" if done else (said[0].strip() or f"{cc[0]} failed") + hint


def address_sanitizer():
    """Return AddressSanitizer's flags, and what Python needs to run with it; ([], {}) without."""
    names = f"libclang_rt.asan-{os.uname().machine}.so", "libclang_rt.asan.so", "libasan.so"
    for name in names:  # clang's own first: it knows where gcc's is, too
        library = run([*CC, f"-print-file-name={name}"])[1].strip()
        needs = {"LD_PRELOAD": library, "PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0"}
        if os.path.isabs(library) and run([sys.executable, "-c", ""], **needs)[0] == 0:
            return ["-g", "-fsanitize=address", *["-shared-libsan"] * ("clang" in name)], needs
    return [], {}
