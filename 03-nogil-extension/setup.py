"""Build the extension modules into build/, and nothing anywhere else.

python setup.py build_ext --force --build-lib build --build-temp build/temp
"""

import os
import shlex

from bench import built

with built():
    from Cython.Build import cythonize
    from setuptools import Extension, setup

SOURCES = {"_count": "count_module.c", "_manners": "manners_module.c"}
SOURCES |= {"counter": "counter.pyx", "primes_cython": "primes.pyx"}
FLAGS = shlex.split(os.environ.get("CFLAGS", "-O2"))
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion"]

modules = [
    Extension(
        name,
        [source],
        include_dirs=["."],  # Cython's C stands in build/, and ../tools is beside this
        extra_compile_args=FLAGS + WARNINGS * source.endswith(".c"),
    )
    for name, source in SOURCES.items()
]
# annotate: build/primes.html and build/counter.html show what each line became.
modules = cythonize(
    modules, include_path=["../tools"], build_dir="build", force=True, annotate=True
)
setup(name="beyond-the-gil-chapter-3", py_modules=[], ext_modules=modules)
