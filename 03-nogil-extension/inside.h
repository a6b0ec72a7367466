/* How many threads are in native code at one moment?
 *
 * Every thread counts itself in and out, and the highest count is kept. A call that holds the
 * GIL never sees more than 1: nobody else can come in before it leaves. Calls that released it can
 * reach as many as there are threads, and do if they wait for each other (inside_meet). That is the
 * proof, without a clock, that the GIL was released; it holds on one core and on a busy machine,
 * where a stopwatch shows nothing.
 */
#ifndef INSIDE_H
#define INSIDE_H

#include <stdatomic.h>
#include <time.h>

struct inside {
    atomic_int now, highest;
};

static inline void inside_enter(struct inside *inside)
{
    int now = atomic_fetch_add(&inside->now, 1) + 1;
    int highest = atomic_load(&inside->highest);

    /* A failed exchange reloads highest: another thread was counted in between. */
    while (now > highest && !atomic_compare_exchange_weak(&inside->highest, &highest, now))
        continue;
}

static inline void inside_leave(struct inside *inside)
{
    atomic_fetch_sub(&inside->now, 1);
}

/* For a moment when nobody is inside: beside running calls a count may get lost. */
static inline void inside_reset(struct inside *inside)
{
    atomic_store(&inside->highest, atomic_load(&inside->now));
}

static inline int inside_highest(struct inside *inside)
{
    return atomic_load(&inside->highest);
}

static inline double inside_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The rendezvous: stay inside until n threads are, or for timeout seconds; return how many were.
 * It asks for the highest count, not for the present one: of two threads that meet, the first to
 * notice leaves, and the other must not wait for it. */
static inline int inside_meet(struct inside *inside, int n, double timeout)
{
    const struct timespec nap = {.tv_nsec = 100000}; /* on one core the others need a turn */
    const double end = inside_clock() + timeout;
    int highest;

    inside_enter(inside);
    while ((highest = inside_highest(inside)) < n && inside_clock() < end)
        nanosleep(&nap, NULL);
    inside_leave(inside);
    return highest;
}

#endif
