"""Build the extension, for three levels of x86 processors; pyproject.toml has the rest.

setuptools takes CFLAGS from the environment; OPENMP_CFLAGS and OPENMP_LIBS replace ours. Where both
are empty, the workers train one after the other.
"""

import os
import sysconfig

from Cython.Build import cythonize
from setuptools import Extension, setup

# Four of the -f flags let the compiler sum in vectors; -ffast-math would drop the checks for NaN.
SUMS = ["-O3", "-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math", "-fno-math-errno"]
OPENMP = os.environ.get("OPENMP_CFLAGS", "-fopenmp").split()
LINK = os.environ.get("OPENMP_LIBS", "-fopenmp").split()
LEVELS = {"": []}
if sysconfig.get_platform().endswith("x86_64"):
    LEVELS |= {"_v3": ["-march=x86-64-v3"], "_v4": ["-march=x86-64-v4"]}

modules = []
for level, march in LEVELS.items():
    flags = {"extra_compile_args": OPENMP + SUMS + march, "extra_link_args": LINK}
    module = Extension(f"local_sgd._kernel{level}", ["src/local_sgd/_kernel.pyx"], **flags)
    modules += cythonize(module, build_dir=f"build/kernel{level}", quiet=True)
setup(ext_modules=modules)
