"""Build the extension modules into build/, and nothing anywhere else.

python setup.py build_ext --force --build-lib build --build-temp build/temp

The compiler is the one that built Python, unless CC names another.
"""

import os
import shlex

from bench import built

with built():
    from Cython.Build import cythonize
    from setuptools import Extension, setup

FLAGS = shlex.split(os.environ.get("CFLAGS", "-O2"))
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion"]

by_hand = Extension(
    "_primes",
    ["primesmodule.c"],
    extra_compile_args=[*FLAGS, *WARNINGS],
)
by_cython = [
    Extension(
        name,
        [source],
        include_dirs=["."],  # the generated C stands in build/, and ../tools is beside this
        define_macros=[("CYTHON_USE_MODULE_STATE", 1)],  # a state for each interpreter
        extra_compile_args=FLAGS,
    )
    for name, source in (("counter", "counter.pyx"), ("primes_cython", "primes.pyx"))
]

setup(
    name="beyond-the-gil-chapter-3",
    py_modules=[],
    # annotate: build/primes.html and build/counter.html show what each line became.
    ext_modules=[by_hand, *cythonize(by_cython, build_dir="build", force=True, annotate=True)],
)
