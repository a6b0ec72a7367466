/* The GIL of toy_gil.c, after CPython's Python/ceval_gil.c: a flag, and two condition variables.
 *
 * A thread that wants the flag waits for one switch interval, then asks for it. The holder looks
 * for that request now and then (CPython: after each round of a loop, at the start of a function,
 * after a call), lets go, and waits until another thread really has it.
 */
#include "../tools/bench.h"

#include <stdatomic.h>

/* The mutex guards these few words, never the interpreter: that is what the flag is for. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t released, taken;
    int held;
    uint64_t switches; /* how often the flag has been taken */
    atomic_int drop_request;
    uint64_t interval; /* microseconds */
} gil = {.mutex = PTHREAD_MUTEX_INITIALIZER,
         .released = PTHREAD_COND_INITIALIZER,
         .taken = PTHREAD_COND_INITIALIZER,
         .interval = 5000};

static struct timespec interval_from_now(void)
{
    struct timespec t;

    timespec_get(&t, TIME_UTC);
    t.tv_nsec += (long)gil.interval * 1000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static void take_gil(void)
{
    pthread_mutex_lock(&gil.mutex);
    while (gil.held) {
        struct timespec until = interval_from_now();
        const uint64_t switches = gil.switches;
        int error = pthread_cond_timedwait(&gil.released, &gil.mutex, &until);
        /* If another thread has taken the flag meanwhile, that one has an interval of its own. */
        if (error == ETIMEDOUT && gil.held && gil.switches == switches)
            atomic_store(&gil.drop_request, 1);
    }
    gil.held = 1;
    gil.switches++;
    atomic_store(&gil.drop_request, 0);
    pthread_cond_signal(&gil.taken);
    pthread_mutex_unlock(&gil.mutex);
}

static void drop_gil(void)
{
    pthread_mutex_lock(&gil.mutex);
    const uint64_t switches = gil.switches;
    gil.held = 0;
    pthread_cond_signal(&gil.released);
    /* Whoever asked must get it: without this wait the same thread would be first again. */
    while (atomic_load(&gil.drop_request) && gil.switches == switches)
        pthread_cond_wait(&gil.taken, &gil.mutex);
    pthread_mutex_unlock(&gil.mutex);
}
