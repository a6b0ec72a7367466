/* Are the threads of a team at work at the same time? The proof needs no clock. */
#pragma once
#include <time.h>
#ifdef _OPENMP
#include <omp.h>
static inline int team_size(void)
{
    return omp_get_num_threads();
}
#else
static inline int team_size(void)
{
    return 1; /* compiled without the flag */
}
#endif

/* Wait until n threads are here, for at most 2 s; return how many came. Of threads that take turns
 * the first waits in vain, so the smallest answer counts; those that run in parallel meet, on one
 * core and on a busy machine too. */
static inline int meet(int *here, int n)
{
    const struct timespec nap = {.tv_nsec = 1000000}; /* on one core the others need a turn */
    int count = __atomic_add_fetch(here, 1, __ATOMIC_SEQ_CST);

    for (int naps = 0; count < n && naps < 2000; naps++) {
        nanosleep(&nap, NULL);
        count = __atomic_load_n(here, __ATOMIC_SEQ_CST);
    }
    return count;
}
