# Python's threads, times OpenMP's, times those of BLAS: far more threads than cores.
# expected  With OMP_NUM_THREADS=4, as on four cores, two Python threads become "8 threads".
# cause     OpenMP and BLAS take a thread for each core, and OpenMP does so for each Python thread.
#           A limit for OpenMP, too, holds only for the Python thread that has set it.
# fix       A limit in each Python thread: initializer=threadpool_limits, initargs=(1,).
# remember  One layer may have the cores.

from concurrent.futures import ThreadPoolExecutor

import numpy
from cython.parallel cimport parallel
from meet cimport meet, meeting
from openmp cimport omp_get_num_threads
from threadpoolctl import threadpool_info, threadpool_limits

cdef meeting room  # each thread waits in its region until those of both teams are inside


def region(_):
    numpy.ones((2, 2)) @ numpy.ones((2, 2))  # BLAS
    with nogil, parallel():
        meet(&room, 2 * omp_get_num_threads(), 20)
    found = (f"{library['prefix']} {library['num_threads']}" for library in threadpool_info())
    return f"threadpoolctl finds {', '.join(sorted(found))}"


def broken():
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(region, range(2)))


def broken_limit_in_main():
    with threadpool_limits(1), ThreadPoolExecutor(2) as pool:
        return list(pool.map(region, range(2)))


def fixed():
    with ThreadPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        return list(pool.map(region, range(2)))


def observe(function):
    return f"{function()[0]}\n{room.highest} threads at work at one moment"
