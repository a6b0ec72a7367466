/* What check.py compiles in front of the reader's file, in place of pixel.h: who sets which pixel
 * when? probe.py sets and reads blur_check, through ctypes. */
#define PIXEL_H
#define _GNU_SOURCE /* before any header: the reader's own comes too late */
#include <stdint.h>
#include <time.h>

#ifndef _OPENMP
#error no OpenMP here; type make doctor
#endif
#ifndef PATIENCE
#define PATIENCE 5000 /* naps that a thread waits for the others: if they can come, they do */
#endif
#define ADD_ONE(number) __atomic_add_fetch(&(number), 1, __ATOMIC_RELAXED)
#define LOAD(number) __atomic_load_n(&(number), __ATOMIC_RELAXED)

struct {
    uint8_t *first, *times; /* the blurred image, and how often each of its pixels was set */
    int64_t pixels, columns;
    int64_t call;               /* of blur(): its number */
    int64_t team;               /* so many threads are to meet; 0: nobody waits */
    int64_t came[2], missed[2]; /* to their first pixel, and to half of their fair share */
    int64_t jumps, strays;      /* steps to another row, and pixels that are none */
} blur_check;

/* Not for so many seconds, but for so many naps: on a busy machine they take longer, so that a
 * thread which starts late is not missed. */
static inline void check_meet(int place)
{
    const struct timespec nap = {.tv_nsec = 1000000};

    ADD_ONE(blur_check.came[place]);
    for (int naps = 0; LOAD(blur_check.came[place]) < blur_check.team; naps++) {
        if (naps == PATIENCE)
            ADD_ONE(blur_check.missed[place]);
        if (LOAD(blur_check.missed[0]) || LOAD(blur_check.missed[1]))
            break; /* one wait in vain is enough */
        nanosleep(&nap, 0);
    }
}

/* The sum is known, and the thread waits: whose sums will it find when it goes on? */
static inline void set_pixel(uint8_t *pixel, int sum)
{
    static _Thread_local int64_t call, made, last;
    const int64_t place = pixel - blur_check.first, row = place / blur_check.columns;

    if (place < 0 || place >= blur_check.pixels) {
        ADD_ONE(blur_check.strays);
        return;
    }
    made = call == blur_check.call ? made + 1 : 1;
    call = blur_check.call;
    ADD_ONE(blur_check.times[place]);
    if (made > 1 && row != last)
        ADD_ONE(blur_check.jumps);
    last = row;
    if (blur_check.team && made == 1)
        check_meet(0);
    if (blur_check.team && made == blur_check.pixels / blur_check.team / 2)
        check_meet(1);
    *pixel = (uint8_t)((sum + 4) / 9);
}
