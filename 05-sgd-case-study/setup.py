"""Build sgd_cython into build/.

    python setup.py build_ext --build-lib build --build-temp build/temp

OpenMP's flag must be in both lists: without it prange compiles all the same, and runs on one
thread. -fassociative-math, which asks for the two after it, lets a margin be summed in vectors.
"""

import os

from Cython.Build import cythonize
from setuptools import Extension, setup

FAST = "-O3 -march=native -fassociative-math -fno-signed-zeros -fno-trapping-math -fno-math-errno"

setup(
    name="sgd-case-study",
    ext_modules=cythonize(
        Extension(
            "sgd_cython",
            ["sgd_cython.pyx"],
            extra_compile_args=[
                *FAST.split(),
                *os.environ.get("OPENMP_CFLAGS", "-fopenmp").split(),
            ],
            extra_link_args=os.environ.get("OPENMP_LIBS", "-fopenmp").split(),
        ),
        build_dir="build",
    ),
)
