/* train_on() of the exercise, and what it sees of the threads. probe.py reads `seen`. */
#define _GNU_SOURCE
#include "train_on.h"

#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#ifndef PATIENCE
#define PATIENCE 5000 /* naps that a thread waits for the others: if they can come, they do */
#endif

struct {
    int team;   /* so many threads are to meet in their first call; 0: nobody waits */
    int came;   /* threads that have called */
    int missed; /* if one has waited in vain: how many had come by then */
    int shared; /* calls for weights that another thread was training */
    int calls;
} seen;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const float *training[MOST_WORKERS]; /* the weights that threads train just now */
static int runs;                            /* of the reader's train() */

static void nap(void)
{
    const struct timespec time = {.tv_nsec = 1000000};
    nanosleep(&time, NULL);
}

/* Note that these weights are being trained (or no more); return whether they already were. */
static int swap(const float *old, const float *new)
{
    int known = 0, done = 0;

    pthread_mutex_lock(&mutex);
    for (int i = 0; i < MOST_WORKERS; i++)
        known |= new && training[i] == new;
    for (int i = 0; i < MOST_WORKERS && !done; i++)
        if (training[i] == old) {
            training[i] = new;
            done = 1;
        }
    pthread_mutex_unlock(&mutex);
    return known;
}

void reset(int team)
{
    memset(&seen, 0, sizeof seen);
    memset(training, 0, sizeof training);
    seen.team = team;
    runs++;
}

static void meet(void)
{
    static _Thread_local int met; /* the last run in which this thread has met the others */

    if (!seen.team || met == runs)
        return;
    met = runs;
    __atomic_add_fetch(&seen.came, 1, __ATOMIC_RELAXED);
    for (int naps = 0; __atomic_load_n(&seen.came, __ATOMIC_RELAXED) < seen.team; naps++) {
        if (naps == PATIENCE)
            __atomic_store_n(&seen.missed, seen.came, __ATOMIC_RELAXED);
        if (__atomic_load_n(&seen.missed, __ATOMIC_RELAXED))
            break; /* one wait in vain is enough */
        nap();
    }
}

void train_on(const struct data *data, size_t block, float *weights)
{
    const float *row = data->rows + block * ROWS * FEATURES, *label = data->labels + block * ROWS;

    __atomic_add_fetch(&seen.calls, 1, __ATOMIC_RELAXED);
    if (swap(NULL, weights))
        __atomic_add_fetch(&seen.shared, 1, __ATOMIC_RELAXED);
    meet();
    if (seen.team && block % 2) /* later than the others: who averages without waiting is wrong */
        nap();
    for (int i = 0; i < ROWS; i++, row += FEATURES) {
        float margin = 0;
        for (int j = 0; j < FEATURES; j++)
            margin += weights[j] * row[j];
        const float factor = 0.01f * label[i] / (1 + expf(label[i] * margin));
        for (int j = 0; j < FEATURES; j++)
            weights[j] += factor * row[j];
    }
    swap(weights, NULL);
}
