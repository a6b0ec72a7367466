/* What check.py compiles together with the reader's file: train_on() and set_weight(), which note
 * what they were given and make threads late. probe.py sets and reads check_seen. */
#include "train_on.h"

#include "../../tools/meet.h"
#include <math.h>

enum { BLOCKS = 24, EPOCHS = 3, PATIENCE = 2 /* seconds: threads that can come do so at once */ };

struct {
    float rows[BLOCKS][FEATURES]; /* one of each block, multiplied by its label, 1 or -1 */
    float before[BLOCKS * EPOCHS][FEATURES]; /* what train_on() was given, step by step */
    float *place[MOST_WORKERS];              /* where each thread's weights are */
    atomic_int times[BLOCKS], sets; /* calls: of train_on() for each block, of set_weight() */
    atomic_int early;               /* weights that were set while their thread still trained */
    int team, every, late;
    struct meeting room;
} check_seen;
static _Thread_local int worker; /* the number of the thread's part of the blocks */

/* Many naps, and not a long one: where the other threads get no core, this one gets none either. */
static void nap(int times)
{
    for (const struct timespec moment = {.tv_nsec = 1000}; times > 0; times--)
        nanosleep(&moment, NULL);
}

void train_on(size_t number, float *weights)
{
    const int block = (int)(number % BLOCKS), epoch = check_seen.times[block]++;
    const int team = check_seen.team, every = check_seen.every, part = BLOCKS / team;
    const int step = epoch * part + block % part;

    if (epoch >= EPOCHS)
        return;
    worker = block / part;
    float margin = 0, *before = check_seen.before[step * team + worker];
    check_seen.place[worker] = weights;
    memcpy(before, weights, sizeof check_seen.before[0]);
    if (step == 0) /* all threads begin together */
        meet(&check_seen.room, team, PATIENCE);
    if ((step + 1) % every == 0 && (step / every + check_seen.late) % team == worker)
        nap(50); /* for each average, another thread comes late */
    check_seen.early += memcmp(before, weights, sizeof check_seen.before[0]) != 0;
    for (int j = 0; j < FEATURES; j++)
        margin += weights[j] * check_seen.rows[block][j];
    for (int j = 0; j < FEATURES; j++)
        weights[j] += check_seen.rows[block][j] / (1 + expf(margin));
}

/* Each thread has a pace of its own: who does not wait for an average comes before it is there. */
void set_weight(float *weight, double value)
{
    check_seen.sets++;
    nap(worker + 1);
    *weight = (float)value;
}
