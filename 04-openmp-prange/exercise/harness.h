/* What check.py compiles in front of the reader's file, in place of pixel.h: who sets which pixel
 * when? probe.py sets and reads blur_check, through ctypes. */
#define PIXEL_H
#define _GNU_SOURCE /* before any header: the reader's own comes too late */
#include "../../tools/meet.h"

#include <stdint.h>

#ifndef _OPENMP
#error no OpenMP here; type make doctor
#endif
#ifndef PATIENCE
#define PATIENCE 5 /* seconds that a thread waits for the others: if they can come, they do */
#endif

struct {
    uint8_t *first, *times; /* the blurred image, and how often each of its pixels was set */
    int64_t pixels, columns;
    int64_t call;              /* of blur(): its number */
    int64_t team;              /* so many threads are to meet; 0: nobody waits */
    atomic_long came[2];       /* to their first pixel, and to half of their fair share */
    struct meeting rooms[2];   /* there they wait for each other */
    atomic_long jumps, strays; /* steps to another row, and pixels that are none */
    atomic_long vain;          /* one wait in vain is enough */
} blur_check;

static inline void check_meet(int place, int team)
{
    atomic_fetch_add(&blur_check.came[place], 1);
    if (!blur_check.vain && meet(&blur_check.rooms[place], team, PATIENCE) < team)
        blur_check.vain = 1;
}

/* The sum is known, and the thread waits: whose sums will it find when it goes on? */
static inline void set_pixel(uint8_t *pixel, int sum)
{
    static _Thread_local int64_t call, made, last;
    const int64_t place = pixel - blur_check.first, row = place / blur_check.columns;
    const int team = (int)blur_check.team;

    if (place < 0 || place >= blur_check.pixels) {
        atomic_fetch_add(&blur_check.strays, 1);
        return;
    }
    made = call == blur_check.call ? made + 1 : 1;
    call = blur_check.call;
    __atomic_add_fetch(&blur_check.times[place], 1, __ATOMIC_RELAXED);
    if (made > 1 && row != last)
        atomic_fetch_add(&blur_check.jumps, 1);
    last = row;
    if (team && made == 1)
        check_meet(0, team);
    if (team && made == blur_check.pixels / team / 2)
        check_meet(1, team);
    *pixel = (uint8_t)((sum + 4) / 9);
}
