"""Build the modules of all .pyx files here, as `make build` does:

    python setup.py build_ext --build-lib build --build-temp build/temp

Everything made is below build/.
"""

import os
import shlex

from bench import built

with built():
    from Cython.Build import cythonize
    from setuptools import Extension, setup

# The compiler's flag turns the pragmas on, the linker's brings the runtime. Take either away
# and the loop is serial, or the import fails. make sets both to what works with this compiler;
# README.md has those for macOS.
OPENMP_CFLAGS = shlex.split(os.environ.get("OPENMP_CFLAGS", "-fopenmp"))
OPENMP_LIBS = shlex.split(os.environ.get("OPENMP_LIBS", "-fopenmp"))
FLAGS = shlex.split(os.environ.get("CFLAGS", "-O3 -march=native -ffp-contract=off"))
FLAGS.append("-g0")  # Python's own flags ask for -g, on which gcc spends a third of its time here

SOURCES = {"parallel_add": "parallel_add.pyx", "mandelbrot_cython": "mandelbrot.pyx"}
SOURCES |= {"reduction_cython": "reduction.pyx"}

modules = [
    Extension(
        name,
        [source],
        include_dirs=["."],
        extra_compile_args=[*FLAGS, *OPENMP_CFLAGS],
        extra_link_args=OPENMP_LIBS,
    )
    for name, source in SOURCES.items()
]
modules = cythonize(modules, include_path=["../tools"], build_dir="build", force=True, quiet=True)
# Without py_modules=[] it would take add.py and the folders here for modules.
setup(name="beyond-the-gil-chapter-4", py_modules=[], ext_modules=modules)
