"""Build in_cython into build/.

    python setup.py build_ext --build-lib build --build-temp build/temp

OpenMP's flag must be in both lists: without it prange compiles all the same, and runs on one
thread. -fassociative-math, which asks for the two after it, lets a margin be summed in vectors.
"""

import os

from bench import built

with built():
    from Cython.Build import cythonize
    from setuptools import Extension, setup

FAST = "-O3 -march=native -fassociative-math -fno-signed-zeros -fno-trapping-math -fno-math-errno"
CFLAGS = os.environ.get("CFLAGS", FAST).split()
OPENMP_CFLAGS = os.environ.get("OPENMP_CFLAGS", "-fopenmp").split()

setup(
    name="sgd-case-study",
    py_modules=[],
    ext_modules=cythonize(
        Extension(
            "in_cython",
            ["rungs/in_cython.pyx"],
            include_dirs=["."],
            extra_compile_args=[*CFLAGS, *OPENMP_CFLAGS],
            extra_link_args=os.environ.get("OPENMP_LIBS", "-fopenmp").split(),
        ),
        build_dir="build",
        force=True,
        quiet=True,
    ),
)
