"""A free-threaded Python gets its GIL back, because of one import.

    python mistakes/gil_comes_back.py

It needs such a Python: this one, or one on PATH. Without it, nothing is shown.
"""

import shutil
import sys

from mistakes import build, child, say, show

NAMES = "python3.15t", "python3.14t", "python3.13t", "python3t"
ASK = """
import os, sysconfig
header = os.path.join(sysconfig.get_path("include"), "Python.h")
print(sysconfig.get_config_var("Py_GIL_DISABLED") == 1 and os.path.exists(header))
print(os.path.dirname(header))
"""
LOOK = """
import sys
before = sys._is_gil_enabled()
import MODULE
print(before, sys._is_gil_enabled())
"""


def free_threaded():
    """Return a free-threaded Python, and the folder of its headers; or None twice."""
    for python in (sys.executable, *filter(None, map(shutil.which, NAMES))):
        *_, found, include = child(ASK, python=python)[1].splitlines() or ["", ""]
        if found == "True":
            return python, include
    return None, None


def gil(python, module):
    """Return in words whether the GIL is on before and after an import of the module."""
    output = child(LOOK.replace("MODULE", module), python=python, PYTHON_GIL="")[1]
    on = {"True": "on", "False": "off"}
    before, after = (on.get(word, word) for word in output.split()[-2:])
    return f"{before} before the import, {after} after it"


def explain():
    say(
        "cause",
        "the module says nothing about the GIL, so Python takes it that the module needs "
        "one, and turns it on for the whole process. A RuntimeWarning is all you see.",
    )
    say(
        "fix",
        "{Py_mod_gil, Py_MOD_GIL_NOT_USED} in the slots of the module;",
        "in Cython: # cython: freethreading_compatible=True",
    )


def main():
    say("expected", "the GIL is off before the import, on after it")

    python, include = free_threaded()
    if not python:
        missing = "nothing: no free-threaded Python, with headers, was found on PATH"
        say("seen", missing, f"({', '.join(NAMES)})")
        explain()
        return True
    build("gil_comes_back", f"-I{include}", module="undeclared")
    build("gil_comes_back", f"-I{include}", "-DDECLARED", module="declared")
    undeclared, declared = gil(python, "undeclared"), gil(python, "declared")
    say("seen", f"{undeclared} ({python})")
    explain()
    say("fixed", declared)
    came_back = undeclared == "off before the import, on after it"
    return came_back and declared == "off before the import, off after it"


if __name__ == "__main__":
    show(__doc__, main)
