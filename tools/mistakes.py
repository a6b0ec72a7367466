"""What the scripts of mistakes share: build what lies beside them, and say what was seen."""

import importlib
import os
import sys
import textwrap
from pathlib import Path

import bench
import compiling

HERE = Path(sys.argv[0]).absolute().parent  # the folder of the script
BUILD = HERE.parent / "build" / "mistakes"
OPENMP = compiling.OPENMP


def show(doc, main):
    """Run main(), which returns whether the mistake showed itself; exit code 1 if it did not."""

    def run():
        bench.read_options(doc)
        print(doc.splitlines()[0] + "\n", flush=True)
        BUILD.mkdir(parents=True, exist_ok=True)
        main() or bench.fail(1, "this is not what was expected")

    # The mistakes are about the GIL: a free-threaded Python begins again with it turned on.
    if not bench.has_gil():
        os.environ["PYTHON_GIL"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    bench.run(run)


def say(label, *lines):
    """Print lines behind a label, at once; long ones go on in the next line."""
    wrapped = [part for line in lines for part in textwrap.wrap(line, 70, break_on_hyphens=False)]
    print(f"{label and label + ':':<10}" + f"\n{'':<10}".join(wrapped), flush=True)


def child(code, *options, python=sys.executable, **variables):
    """Run Python code in a child that can import what was built; return (exit code, all output)."""
    variables["PYTHONPATH"] = str(BUILD)
    code, output, errors = compiling.run([python, *options, "-P", "-c", code], **variables)
    return code, errors + output


def translate(name):
    """Let Cython make build/mistakes/NAME.c from NAME.pyx; return (done, its messages)."""
    return compiling.translate(BUILD / f"{name}.c", HERE / f"{name}.pyx")


def build(name, *flags, module=None):
    """Compile NAME.c or NAME.pyx to a module, perhaps of another name."""
    source, module = HERE / f"{name}.c", module or name
    if not source.exists():
        source = source.with_suffix(".pyx")
    words = "-O2", *flags, f"-I{HERE.parent}", f"-DPyInit_{name}=PyInit_{module}"
    if problem := compiling.build(BUILD / f"{module}.so", source, *words):
        bench.fail(2, problem)


def load(name, *flags, module=None):
    """Build a module, import it, and return it; see build()."""
    build(name, *flags, module=module)
    sys.path.insert(0, str(BUILD))
    return importlib.import_module(module or name)
