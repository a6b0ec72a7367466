/* The counters of meet.h as a shared library, so that every language counts in the same room.
 *
 *     cc -O2 -shared -fPIC other-languages/room.c -o build/other/libroom.so
 *
 * primes.py loads it first, for all to see; the others find its functions by name.
 */
#include "../../tools/meet.h"

static struct meeting room;

void room_enter(void)
{
    meet_enter(&room);
}

void room_leave(void)
{
    meet_leave(&room);
}

int room_meet(int n, double timeout)
{
    return meet(&room, n, timeout);
}

int room_highest(void)
{
    return room.highest;
}

void room_reset(void)
{
    meet_reset(&room);
}
