"""Build the extension, for three levels of x86 processors; pyproject.toml has the rest.

CFLAGS, OPENMP_CFLAGS and OPENMP_LIBS in the environment replace the flags.
"""

import os
import shlex
import sys
import sysconfig

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, LinkError

# Four of the -f flags let the compiler sum in vectors; -ffast-math would drop the checks for NaN.
SUMS = "-fassociative-math -fno-signed-zeros -fno-trapping-math -fno-math-errno"
FLAGS = shlex.split(os.environ.get("CFLAGS", f"-O3 {SUMS}"))
APPLE = "-Xpreprocessor -fopenmp", "-lomp"
OPENMP = APPLE if sys.platform == "darwin" else ("-fopenmp", "-fopenmp")
NAMES = "OPENMP_CFLAGS", "OPENMP_LIBS"
COMPILE, LINK = (shlex.split(os.environ.get(*pair)) for pair in zip(NAMES, OPENMP, strict=True))
LEVELS = {"": []}
if sysconfig.get_platform().endswith("x86_64"):
    LEVELS |= {"_v3": ["-march=x86-64-v3"], "_v4": ["-march=x86-64-v4"]}


class BuildWithOpenMP(build_ext):
    """Build with OpenMP, or else without: the workers then train one after the other."""

    def build_extension(self, extension):
        flags = extension.extra_compile_args
        try:
            extension.extra_compile_args, extension.extra_link_args = flags + COMPILE, LINK
            super().build_extension(extension)
        except (CompileError, LinkError) as error:
            print(f"without OpenMP: {error}")
            extension.extra_compile_args, extension.extra_link_args = flags, []
            super().build_extension(extension)


modules = []
for level, flags in LEVELS.items():
    about = {"extra_compile_args": FLAGS + flags, "optional": bool(level)}
    module = Extension(f"local_sgd._kernel{level}", ["src/local_sgd/_kernel.pyx"], **about)
    modules += cythonize(module, build_dir=f"build/kernel{level}")
options = {"build_ext": {"force": True}}  # other flags make another extension
setup(cmdclass={"build_ext": BuildWithOpenMP}, ext_modules=modules, options=options)
