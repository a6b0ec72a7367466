/* A rendezvous: threads wait for each other inside native code. That they meet proves, without a
 * clock, that they run at the same time, even on one core and on a busy machine.
 *
 *     static struct meeting meeting;
 *     int inside = meet(&meeting, 2, 20); // 2 if another thread came within 20 seconds, or 1
 *
 * For a second meeting call meet_reset() first. A thread that holds the GIL always waits in vain:
 * no other thread can enter before it leaves. To let threads meet in a loop, put meet_enter() and
 * meet_others() before it and meet_leave() after it; meet_expect() says how many are to meet.
 */
#pragma once
#include <stdatomic.h>
#include <time.h>

struct meeting {
    atomic_int inside, highest;        /* threads now, and at most */
    atomic_int expected, milliseconds; /* so many wait for each other, and for so long */
};

static inline void meet_enter(struct meeting *meeting)
{
    int inside = atomic_fetch_add(&meeting->inside, 1) + 1;
    int highest = atomic_load(&meeting->highest);

    /* If another thread has changed `highest` meanwhile, the exchange fails and reads it again. */
    while (inside > highest && !atomic_compare_exchange_weak(&meeting->highest, &highest, inside))
        continue;
}

static inline void meet_leave(struct meeting *meeting)
{
    atomic_fetch_sub(&meeting->inside, 1);
}

/* Begin a new count, while no thread is inside. */
static inline void meet_expect(struct meeting *meeting, int n, double seconds)
{
    atomic_store(&meeting->highest, atomic_load(&meeting->inside));
    atomic_store(&meeting->expected, n);
    atomic_store(&meeting->milliseconds, (int)(seconds * 1e3));
}

static inline void meet_reset(struct meeting *meeting)
{
    meet_expect(meeting, 0, 0);
}

/* Wait inside until n threads have been there at one moment, or for some seconds. `highest`
 * decides: the first of two threads may leave before the other looks. */
static inline void meet_wait(struct meeting *meeting, int n, double seconds)
{
    const struct timespec nap = {.tv_nsec = 1000000}; /* on one core the others need a turn */

    for (; seconds > 0 && atomic_load(&meeting->highest) < n; seconds -= 1e-3)
        nanosleep(&nap, NULL);
}

static inline void meet_others(struct meeting *meeting)
{
    meet_wait(meeting, atomic_load(&meeting->expected), atomic_load(&meeting->milliseconds) * 1e-3);
}

/* Come in, wait for others, and leave; return how many have been there at one moment. */
static inline int meet(struct meeting *meeting, int n, double seconds)
{
    meet_enter(meeting);
    meet_wait(meeting, n, seconds);
    meet_leave(meeting);
    return atomic_load(&meeting->highest);
}
