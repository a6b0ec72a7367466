/* The counters of inside.h as a shared library, so that every language counts in the same room.
 *
 *     cc -O2 -shared -fPIC other-languages/room.c -o build/other/libroom.so
 *
 * primes.py loads it first, for all to see; the others find its functions by name.
 */
#include "../inside.h"

static struct inside room;

void room_enter(void)
{
    inside_enter(&room);
}

void room_leave(void)
{
    inside_leave(&room);
}

int room_meet(int n, double timeout)
{
    return inside_meet(&room, n, timeout);
}

int room_highest(void)
{
    return inside_highest(&room);
}

void room_reset(void)
{
    inside_reset(&room);
}
