"""Put one question to a compiled dot(a, b), in a process of its own: it may crash or hang.

    probe.py QUESTION MODULE NUMBER

For check.py, which compiles MODULE together with harness.h. Prints the number and what was seen
that is wrong, with a hint; see tools/exercise.py.
"""

import ctypes
import os
import sys
from importlib.util import module_from_spec, spec_from_file_location

from one_thread import answers, calls, errors, leaks
from two_threads import meeting, resizing

# Each is called with dot and the harness's variables, and returns what it has to complain about.
QUESTIONS = {f.__name__: f for f in (answers, calls, errors, leaks, meeting, resizing)}


def load(path):
    """Import the module at path as dot."""
    spec = spec_from_file_location("dot", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    question, path, number = sys.argv[1:]
    complaint = QUESTIONS[question](load(path).dot, ctypes.CDLL(path))
    print(number, complaint or "", flush=True)
    if complaint:
        os._exit(0)  # a thread may still be waiting in the loop


if __name__ == "__main__":
    main()
