/* The loop in C as a plain library, and a room in which the threads of all languages meet.
 *
 *     cc -O2 -shared -fPIC other-languages/primes_c.c -o build/other/libprimes_c.so
 */
#include "../../tools/meet.h"

#include <stdint.h>

static struct meeting room;

void room_visit(void) /* at the start of every loop; waits only after room_expect() */
{
    meet_enter(&room);
    meet_others(&room);
    meet_leave(&room);
}

int room_expect(int threads, double seconds) /* returns how many have met since the last call */
{
    int met = room.highest;

    meet_expect(&room, threads, seconds);
    return met;
}

uint64_t count(uint64_t lo, uint64_t hi)
{
    uint64_t primes = 0;

    room_visit();
    for (uint64_t n = lo; n < hi; n++) {
        uint64_t d = 2;
        while (d * d <= n && n % d != 0)
            d++;
        primes += n >= 2 && d * d > n;
    }
    return primes;
}
