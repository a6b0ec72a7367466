"""Build both extension modules into build/, and nothing anywhere else.

python setup.py build_ext --force --build-lib build --build-temp build/temp

The compiler is the one that built Python, unless CC names another.
"""

import os
import shlex

from Cython.Build import cythonize
from setuptools import Extension, setup

FLAGS = shlex.split(os.environ.get("CFLAGS", "-O2"))
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion"]

by_hand = Extension(
    "_primes",
    ["primesmodule.c"],
    extra_compile_args=[*FLAGS, *WARNINGS],
)
by_cython = Extension(
    "counter",
    ["counter.pyx"],
    include_dirs=["."],  # the generated C stands in build/, inside.h here
    extra_compile_args=FLAGS,
)

setup(
    name="beyond-the-gil-chapter-3",
    py_modules=[],
    ext_modules=[by_hand, *cythonize([by_cython], build_dir="build", force=True)],
)
