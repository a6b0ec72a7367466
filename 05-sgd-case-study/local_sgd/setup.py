"""Build the extension; pyproject.toml has the rest. With OpenMP where the compiler has it.

CFLAGS, OPENMP_CFLAGS and OPENMP_LIBS in the environment replace what is tried here.
"""

import os
import sys
import tempfile
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# The four -f flags let the compiler sum in vectors; -ffast-math would drop the checks for NaN.
FAST = "-O3 -march=native -fassociative-math -fno-signed-zeros -fno-trapping-math -fno-math-errno"
OF_APPLE = sys.platform == "darwin"
COMPILE = os.environ.get("OPENMP_CFLAGS", "-Xpreprocessor -fopenmp" if OF_APPLE else "-fopenmp")
LINK = os.environ.get("OPENMP_LIBS", "-lomp" if OF_APPLE else "-fopenmp")
PROGRAM = "#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n"


class BuildWithOpenMP(build_ext):
    """Add the flags for OpenMP, if a program can be compiled and linked with them."""

    def build_extensions(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "openmp.c").write_text(PROGRAM)
            made = {"output_dir": folder}
            try:
                source = [f"{folder}/openmp.c"]
                objects = self.compiler.compile(source, extra_postargs=COMPILE.split(), **made)
                link = {"extra_postargs": LINK.split(), **made}
                self.compiler.link_executable(objects, "openmp", **link)
            except Exception as error:  # of several classes, by compiler
                print(f"no OpenMP, the workers train one after the other: {error}")
            else:
                for extension in self.extensions:
                    extension.extra_compile_args += COMPILE.split()
                    extension.extra_link_args += LINK.split()
        super().build_extensions()


kernel = Extension(
    "local_sgd._kernel",
    ["src/local_sgd/_kernel.pyx"],
    depends=["src/local_sgd/batch.h", "src/local_sgd/vector.h"],
    extra_compile_args=os.environ.get("CFLAGS", FAST).split(),
)
setup(cmdclass={"build_ext": BuildWithOpenMP}, ext_modules=cythonize(kernel, build_dir="build"))
