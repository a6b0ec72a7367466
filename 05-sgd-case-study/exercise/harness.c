/* train_on() of the exercise, and what it sees of the threads. probe.py reads `seen`. */
#define _GNU_SOURCE
#include "../../tools/meet.h"
#include "train_on.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#ifndef PATIENCE
#define PATIENCE 5 /* seconds that a thread waits for the others: if they can come, they do */
#endif

struct {
    atomic_int team;     /* so many threads are to meet in their first call; 0: nobody waits */
    struct meeting room; /* there they meet */
    atomic_int shared;   /* calls for weights that another thread was training */
    atomic_int calls;
} seen;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const float *training[MOST_WORKERS]; /* the weights that threads train just now */
static const float *known[MOST_WORKERS];    /* all weights that were trained in this run */
static int runs;                            /* of the reader's train() */
static atomic_int came;                     /* threads, of all runs */
static _Thread_local int number;            /* of this thread, in the order in which they came */

static void nap(int microseconds)
{
    const struct timespec time = {.tv_nsec = 1000 * microseconds};
    nanosleep(&time, NULL);
}

/* check.py has the compiler call these at each read and write of the reader's file, as it does for
 * ThreadSanitizer. A thread that averages weights is slow then, each at a pace of its own, so that
 * others come too early if they do not wait for it. */
static void touched(const void *place)
{
    for (int i = 0; seen.team && i < MOST_WORKERS; i++)
        if (place == __atomic_load_n(&known[i], __ATOMIC_RELAXED))
            nap(number % 2 ? 200 : 500);
}
/* clang-format off */
#define TOUCHED(size)                                       \
    void __tsan_read##size(void *place) { touched(place); } \
    void __tsan_write##size(void *place) { touched(place); }
TOUCHED(1) TOUCHED(2) TOUCHED(4) TOUCHED(8) TOUCHED(16)
void __tsan_read_range(void *place, size_t bytes) { (void)bytes, touched(place); }
void __tsan_write_range(void *place, size_t bytes) { (void)bytes, touched(place); }
void *__tsan_memset(void *place, int byte, size_t n) { return memset(place, byte, n); }
void *__tsan_memcpy(void *to, const void *from, size_t n) { return memcpy(to, from, n); }
void __tsan_init(void) {}
void __tsan_func_entry(void *caller) { (void)caller; }
void __tsan_func_exit(void) {}
/* clang-format on */

/* Note that these weights are being trained (or no more); return whether they already were. */
static int swap(const float *old, const float *new)
{
    int busy = 0, done = 0;

    pthread_mutex_lock(&mutex);
    for (int i = 0; i < MOST_WORKERS; i++)
        busy |= new && training[i] == new;
    int place = 0;
    while (new && place < MOST_WORKERS - 1 && known[place] && known[place] != new)
        place++;
    if (new)
        __atomic_store_n(&known[place], new, __ATOMIC_RELAXED);
    for (int i = 0; i < MOST_WORKERS && !done; i++)
        if (training[i] == old) {
            training[i] = new;
            done = 1;
        }
    pthread_mutex_unlock(&mutex);
    return busy;
}

void reset(int team)
{
    memset(&seen, 0, sizeof seen);
    memset(training, 0, sizeof training);
    memset(known, 0, sizeof known);
    seen.team = team;
    runs++;
}

static void wait_for_others(void)
{
    static _Thread_local int met; /* the last run in which this thread has met the others */
    const int team = seen.team;

    if (!team || met == runs)
        return;
    met = runs;
    number = atomic_fetch_add(&came, 1);
    if (meet(&seen.room, team, PATIENCE) < team)
        seen.team = 0; /* one wait in vain is enough */
}

void train_on(const struct data *data, size_t block, float *weights)
{
    const float *row = data->rows + block * ROWS * FEATURES, *label = data->labels + block * ROWS;

    seen.calls++;
    if (swap(NULL, weights))
        seen.shared++;
    wait_for_others();
    if (seen.team && block * (size_t)seen.team / data->blocks % 2)
        nap(1000); /* every second thread is late: who averages without waiting is wrong */
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
