"""Build the extension; pyproject.toml has the rest. With OpenMP where the compiler has it.

CFLAGS, OPENMP_CFLAGS and OPENMP_LIBS in the environment replace what is tried here.
"""

import os
import sys

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, LinkError

# Four of the -f flags let the compiler sum in vectors; -ffast-math would drop the checks for NaN.
FAST = (
    "-O3 -march=native -fopenmp-simd "
    "-fassociative-math -fno-signed-zeros -fno-trapping-math -fno-math-errno"
)
OF_APPLE = sys.platform == "darwin"
COMPILE = os.environ.get("OPENMP_CFLAGS", "-Xpreprocessor -fopenmp" if OF_APPLE else "-fopenmp")
LINK = os.environ.get("OPENMP_LIBS", "-lomp" if OF_APPLE else "-fopenmp")


class BuildWithOpenMP(build_ext):
    """Build with the flags for OpenMP, or else without them."""

    def build_extension(self, extension):
        compile_args, link_args = extension.extra_compile_args, extension.extra_link_args
        try:
            extension.extra_compile_args = compile_args + COMPILE.split()
            extension.extra_link_args = link_args + LINK.split()
            super().build_extension(extension)
        except (CompileError, LinkError) as error:
            print(f"without OpenMP, so the workers train one after the other: {error}")
            extension.extra_compile_args, extension.extra_link_args = compile_args, link_args
            super().build_extension(extension)


kernel = Extension(
    "local_sgd._kernel",
    ["src/local_sgd/_kernel.pyx"],
    depends=[f"src/local_sgd/{name}" for name in ("_kernel.pyx", "batch.h", "vector.h")],
    extra_compile_args=os.environ.get("CFLAGS", FAST).split(),
)
setup(
    cmdclass={"build_ext": BuildWithOpenMP},
    ext_modules=cythonize(kernel, build_dir="build"),
    options={"build_ext": {"force": True}},  # other flags make another extension
)
