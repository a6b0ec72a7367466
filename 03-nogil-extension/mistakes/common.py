"""What the scripts here share: compile a source, run Python in a child, print what was seen.

Sources lie beside the scripts. All that is made goes to ../build/mistakes/.
"""

import argparse
import contextlib
import functools
import importlib.util
import os
import resource
import shlex
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build" / "mistakes"
PROGRAM = Path(sys.argv[0]).name
TIMEOUT = 250  # seconds, for what takes a few: only what hangs is ended


def start(doc, needs_gil=True):
    """Take no options, and print the first line of doc.

    The mistakes are about the GIL: a free-threaded Python begins again with its GIL turned on.
    """
    parser = argparse.ArgumentParser(
        usage=argparse.SUPPRESS,
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    if needs_gil and not getattr(sys, "_is_gil_enabled", lambda: True)():
        os.environ["PYTHON_GIL"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    # Some children are meant to crash; they need not leave a core file.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    print(doc.splitlines()[0] + "\n", flush=True)


def say(label, *lines):
    """Print lines behind a label, at once."""
    print(f"{label and label + ':':<10}" + f"\n{'':<10}".join(lines), flush=True)


def finish(shown):
    """End the process: 0 if the mistake showed itself as documented, 1 if it did not."""
    if not shown:
        sys.exit(f"{PROGRAM}: this is not what was expected")


def give_up(message):
    """End the process with one line: something that is needed is not there."""
    print(f"{PROGRAM}: {message}", file=sys.stderr)
    sys.exit(2)


def run(command, **options):
    """Run a command (a list) and all that it starts; return (exit code, output with errors)."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until there is something to end
    try:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
            **options,
        )
    except OSError as error:
        give_up(f"cannot run {command[0]}: {error.strerror}")
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        output, _ = process.communicate(timeout=TIMEOUT)
    except BaseException as error:  # Ctrl-C too ends the whole group
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            sys.exit(f"{PROGRAM}: {command[0]} still ran after {TIMEOUT} s")
        raise
    return process.returncode, output


def child(code, *options, python=sys.executable, **variables):
    """Run Python code in a child that can import what was built; return as run() does.

    variables: set in its environment, or taken out of it where None.
    """
    environment = {**os.environ, "PYTHONPATH": str(BUILD), **variables}
    environment = {name: value for name, value in environment.items() if value is not None}
    return run([python, *options, "-P", "-c", code], env=environment)


@functools.cache  # who wants the messages as well need not wait twice
def translate(name):
    """Let Cython make build/mistakes/NAME.c from NAME.pyx; return (done, its messages)."""
    if not importlib.util.find_spec("Cython"):
        give_up("Cython is missing; type make at the top, then use its .venv/bin/python")
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        made = Path(folder, f"{name}.c")
        command = [sys.executable, "-m", "cython", "-3", f"{name}.pyx", "-o", made]
        code, output = run(command, cwd=HERE)
        if code == 0:
            os.replace(made, BUILD / made.name)
    return code == 0, [line for line in output.splitlines() if f"{name}.pyx:" in line]


def compiler():
    """Return the compiler's command: CC, or else what Python itself was built with."""
    return shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")


def build(source, *flags, module=None, python=sys.executable):
    """Compile a source (its path) to a module, with -O2 and flags; return the module's path.

    module: its name, where it is not the source's. python: the interpreter that it is for.
    """
    ask = "from sysconfig import *; print(get_path('include'), get_config_var('EXT_SUFFIX'))"
    include, suffix = child(ask, python=python)[1].splitlines()[-1].rsplit(maxsplit=1)
    shared = ["-shared"]
    if sys.platform == "darwin":
        shared = ["-bundle", "-undefined", "dynamic_lookup"]
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        module = module or source.stem
        made = Path(folder, f"{module}{suffix}")
        flags = [*flags, f"-DPyInit_{source.stem}=PyInit_{module}", "-pthread"]
        paths = [f"-I{include}", f"-I{HERE.parent}", source, "-o", made]
        command = [*compiler(), "-O2", "-fPIC", *shared, *flags, *paths]
        code, output = run(command, env={**os.environ, "TMPDIR": folder})
        if code:
            errors = [line for line in output.splitlines() if "error" in line]
            give_up(errors[0] if errors else f"{command[0]} failed on {source.name}")
        os.replace(made, BUILD / made.name)
    return BUILD / made.name


def load(name, *flags):
    """Build NAME.pyx or else NAME.c, import the module, and return it."""
    source = HERE / f"{name}.c"
    if (HERE / f"{name}.pyx").exists():
        done, messages = translate(name)
        if not done:
            give_up(messages[0] if messages else f"Cython failed on {name}.pyx")
        source = BUILD / f"{name}.c"
    spec = importlib.util.spec_from_file_location(name, build(source, *flags))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
