"""What the mistakes share: compile a source, run Python in a child, print what was seen.

A script in a chapter's mistakes/ imports it as common, by the symbolic link there. Sources lie
beside the script. All that is made goes to the chapter's build/mistakes/.
"""

import functools
import importlib.util
import os
import resource
import shlex
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

from bench import fail, read_options

HERE = Path(__file__).parent.absolute()  # of the link
BUILD = HERE.parent / "build" / "mistakes"
WHOLE_WORDS = {"break_long_words": False, "break_on_hyphens": False}
TIMEOUT = 250  # seconds, for what takes a few: only what hangs is ended


def start(doc, needs_gil=True):
    """Take no options, and print the first line of doc.

    The mistakes are about the GIL: a free-threaded Python begins again with its GIL turned on.
    """
    read_options(doc)
    if needs_gil and not getattr(sys, "_is_gil_enabled", lambda: True)():
        os.environ["PYTHON_GIL"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    # Some children are meant to crash; they need not leave a core file.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    print(doc.splitlines()[0] + "\n", flush=True)


def say(label, *lines):
    """Print lines behind a label, at once; long ones go on in the next line."""
    wrapped = [part for line in lines for part in textwrap.wrap(line, 70, **WHOLE_WORDS)]
    print(f"{label and label + ':':<10}" + f"\n{'':<10}".join(wrapped), flush=True)


def finish(shown):
    """End with exit code 1 if the mistake did not show itself as documented."""
    if not shown:
        fail(1, "this is not what was expected")


def execute(command, **options):
    """Run a command (a list); return (exit code, output with errors)."""
    try:
        done = subprocess.run(
            command,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            **options,
        )
    except OSError as error:
        fail(2, f"cannot run {command[0]}: {error.strerror}")
    except subprocess.TimeoutExpired:
        fail(1, f"{command[0]} still ran after {TIMEOUT} s")
    return done.returncode, done.stdout


def child(code, *options, python=sys.executable, **variables):
    """Run Python code in a child that can import what was built; return as execute() does.

    variables: set in its environment, or taken out of it where None.
    """
    environment = {**os.environ, "PYTHONPATH": str(BUILD), **variables}
    environment = {name: value for name, value in environment.items() if value is not None}
    return execute([python, *options, "-P", "-c", code], env=environment)


def need(package):
    """Return a package, imported; if it is missing, say so in one line and end."""
    try:
        return importlib.import_module(package)
    except ImportError:
        chapter = HERE.parent.name
        return fail(2, f"{package} is missing; in {chapter}, type: . ../.venv/bin/activate")


@functools.cache  # who wants the messages as well need not wait twice
def translate(name):
    """Let Cython make build/mistakes/NAME.c from NAME.pyx; return (done, its messages)."""
    need("Cython")
    BUILD.mkdir(parents=True, exist_ok=True)
    made = BUILD / f"{name}.c"
    code, output = execute(
        [sys.executable, "-m", "cython", "-3", f"{name}.pyx", "-o", made], cwd=HERE
    )
    return code == 0, [line for line in output.splitlines() if f"{name}.pyx:" in line]


def compiler():
    """Return the compiler's command: CC, or else what Python itself was built with."""
    return shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")


def openmp():
    """Return OpenMP's flags: what make found out, or else those of gcc.

    The scripts fix the number of threads: settings of the reader's that OpenMP would read when a
    module brings it are taken out of the environment.
    """
    for name in list(os.environ):
        if name.startswith(("OMP_", "GOMP_", "KMP_")):
            del os.environ[name]
    os.environ["OMP_WAIT_POLICY"] = "passive"  # more threads than cores: who waits must not spin
    words = (os.environ.get(name, "-fopenmp") for name in ("OPENMP_CFLAGS", "OPENMP_LIBS"))
    return [flag for text in words for flag in shlex.split(text)]


def build(source, *flags, module=None, python=sys.executable):
    """Compile a source (its path) to a module, with -O2 and flags; return the module's path.

    module: its name, where it is not the source's. python: the interpreter that it is for.
    """
    module = module or source.stem
    ask = "from sysconfig import *; print(get_path('include'), get_config_var('EXT_SUFFIX'))"
    include, suffix = child(ask, python=python)[1].splitlines()[-1].rsplit(maxsplit=1)
    shared = ["-shared", "-fPIC", "-pthread", f"-I{include}", f"-I{HERE.parent}"]
    if sys.platform == "darwin":
        shared += ["-undefined", "dynamic_lookup"]
    BUILD.mkdir(parents=True, exist_ok=True)
    made = BUILD / f"{module}{suffix}"
    named = f"-DPyInit_{source.stem}=PyInit_{module}"
    code, output = execute([*compiler(), "-O2", *shared, *flags, named, source, "-o", made])
    if code:
        errors = [line for line in output.splitlines() if "error" in line]
        fail(2, errors[0] if errors else f"{compiler()[0]} failed on {source.name}")
    return made


def load(name, *flags, module=None):
    """Build NAME.pyx or else NAME.c, import the module, and return it; see build()."""
    source = HERE / f"{name}.c"
    if (HERE / f"{name}.pyx").exists():
        done, messages = translate(name)
        if not done:
            fail(2, messages[0] if messages else f"Cython failed on {name}.pyx")
        source = BUILD / f"{name}.c"
    made = build(source, *flags, module=module)
    spec = importlib.util.spec_from_file_location(module or name, made)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
