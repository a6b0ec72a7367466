# The threads of a parallel region wait inside until all are there and have been counted.
#
#     python mistakes/too_many_threads.py

from cython.parallel cimport parallel

cdef extern from *:
    """
    #include <omp.h>
    #include <stdatomic.h>
    #include <time.h>

    static atomic_int teams, coming, here, counted;
    static const struct timespec nap = {.tv_nsec = 1000000}; /* a minute has 60000 */

    static void wait_inside(void)
    {
        if (omp_get_thread_num() == 0) {
            atomic_fetch_add(&coming, omp_get_num_threads());
            atomic_fetch_add(&teams, 1);
        }
        atomic_fetch_add(&here, 1);
        for (int i = 0; i < 120000 && !atomic_load(&counted); i++)
            nanosleep(&nap, NULL);
    }

    static int count_inside(int all_teams)
    {
        for (int i = 0; i < 60000; i++, nanosleep(&nap, NULL))
            if (atomic_load(&teams) == all_teams && atomic_load(&here) == atomic_load(&coming))
                break;
        int count = atomic_load(&here);
        atomic_store(&counted, 1);
        return count;
    }

    static void begin_again(void)
    {
        teams = coming = here = counted = 0;
    }
    """
    void wait_inside() noexcept nogil
    int count_inside(int) noexcept nogil
    void begin_again()


def region():
    """Run a parallel region with as many threads as OpenMP likes, until count() has been called."""
    with nogil, parallel():
        wait_inside()


def count(int teams):
    """Wait until the threads of so many teams are all inside; return their number, let them go."""
    cdef int result
    with nogil:
        result = count_inside(teams)
    return result


def reset():
    """Forget who was counted. Nobody may be inside."""
    begin_again()
