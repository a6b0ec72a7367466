"""The tests run in the chapter's folder, as its programs do, and find what make has built."""

import os
import subprocess
import sys
from pathlib import Path

os.chdir(Path(__file__).parents[1])
sys.path[:0] = [os.path.abspath(folder) for folder in ("build", ".", "more")]


def run(*words, **about):
    """Run a program, with Python if its name says so; return subprocess.run()'s result."""
    words = [*[sys.executable] * str(words[0]).endswith(".py"), *words]
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=300, **about)
