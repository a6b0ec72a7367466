/* A queue with a fixed number of places, for threads: one lock, and two condition variables, on
 * which threads sleep until there is a place, or an item.
 */
#pragma once
#include <pthread.h>
#include <stdint.h>

enum { MAX_PLACES = 65536 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t not_full, not_empty;
    uint64_t items[MAX_PLACES]; /* a ring: `filled` items from `first` on */
    uint64_t places, first, filled, most;
    int closed;
} queue = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .not_full = PTHREAD_COND_INITIALIZER,
    .not_empty = PTHREAD_COND_INITIALIZER,
    .places = 16,
};

static void put(uint64_t item)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.filled == queue.places)
        pthread_cond_wait(&queue.not_full, &queue.lock);
    queue.items[(queue.first + queue.filled++) % queue.places] = item;
    queue.most = queue.filled > queue.most ? queue.filled : queue.most;
    pthread_cond_signal(&queue.not_empty);
    pthread_mutex_unlock(&queue.lock);
}

/* Take the oldest item; 0 if there is none and none will come. */
static int take(uint64_t *item)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.filled == 0 && !queue.closed)
        pthread_cond_wait(&queue.not_empty, &queue.lock);
    int taken = queue.filled > 0;
    if (taken) {
        *item = queue.items[queue.first];
        queue.first = (queue.first + 1) % queue.places;
        queue.filled--;
        pthread_cond_signal(&queue.not_full);
    }
    pthread_mutex_unlock(&queue.lock);
    return taken;
}

/* Everyone who waits for an item must learn that none will come, hence broadcast. */
static void close_queue(void)
{
    pthread_mutex_lock(&queue.lock);
    queue.closed = 1;
    pthread_cond_broadcast(&queue.not_empty);
    pthread_mutex_unlock(&queue.lock);
}
