/* What check.py compiles in front of the reader's file: a set_pixel() that sees which thread sets
 * which pixel, and lets the threads wait for each other. probe.py sets and reads blur_check. */
#define CHECKED
#define _GNU_SOURCE /* before any header: the reader's own comes too late */
#include "../../tools/meet.h"

#include <stdint.h>

#ifndef _OPENMP
#error no OpenMP here
#endif
#define PATIENCE 3 /* seconds that a thread waits for the others: if they can come, they do */

struct {
    uint8_t *first, *times;         /* the blurred image, and how often each pixel was set */
    int pixels, columns;            /* of the image */
    int call, team;                 /* of blur(): its number; so many threads are to meet, or 0 */
    atomic_int vain, jumps, strays; /* waits in vain, steps to another row, pixels that are none */
    atomic_int came[2];             /* to their first pixel, and to half of their fair share */
    struct meeting rooms[2];        /* there they wait for each other */
} blur_check;

static inline void check_meet(int place, int team)
{
    blur_check.came[place]++;
    if (!blur_check.vain) /* one wait in vain is enough */
        blur_check.vain = meet(&blur_check.rooms[place], team, PATIENCE) < team;
}

/* The sum is known, and the thread waits: whose sums will it find when it goes on? */
static inline void set_pixel(uint8_t *pixel, int sum)
{
    static _Thread_local int64_t call, made, row;
    const int64_t place = pixel - blur_check.first, last = row, team = blur_check.team;

    blur_check.strays += place < 0 || place >= blur_check.pixels;
    if (blur_check.strays)
        return;
    made = call == blur_check.call ? made + 1 : 1;
    call = blur_check.call;
    row = place / blur_check.columns;
    blur_check.jumps += made > 1 && row != last;
    __atomic_add_fetch(&blur_check.times[place], 1, __ATOMIC_RELAXED);
    if (team && (made == 1 || made == blur_check.pixels / team / 2))
        check_meet(made > 1, (int)team);
    *pixel = (uint8_t)((sum + 4) / 9);
}
