/* A GIL you can read: a toy interpreter whose threads change reference counts.
 *
 *     cc -O2 -pthread toy_gil.c -o toy_gil && ./toy_gil
 *
 * alone         one thread, plain counts
 * gil-alone     one thread that holds the lock
 * atomic-alone  one thread, every count changed by an atomic instruction
 * no-lock       threads with plain counts: wrong on purpose
 * gil           threads with one lock around the interpreter: right, one core
 * gil-released  the same, but a thread lets go during native work: right, all cores
 * atomic        threads with atomic counts: right, all cores
 */
#include "../tools/bench.h"
#include "../tools/meet.h"

#include <sched.h>
#include <stdatomic.h>

#include "toy_gil.h"

enum { OPERANDS = 8, EXPRESSIONS = 1000, CHANGES = 2 * OPERANDS * EXPRESSIONS };
enum mode { PLAIN, NO_LOCK, GIL, GIL_RELEASED, ATOMIC };

struct object {
    _Alignas(128) atomic_long references; /* alone in its cache line */
};

struct worker {
    pthread_t thread;
    uint64_t rounds, freed_early;
    struct object objects[OPERANDS];
    unsigned seed;
    double seconds; /* CPU time in the interpreter */
};

static enum mode mode;
static struct object shared;
static struct worker workers[MAX_THREADS];
static struct meeting native; /* counts the threads in native work */

/* Change a reference count and return it. The plain way reads, then writes; through atomic
 * accesses, so that two threads that do so at once are wrong, but not undefined. */
static long change(struct object *object, long by, struct worker *self)
{
    if (mode == ATOMIC)
        return atomic_fetch_add(&object->references, by) + by;
    long references = atomic_load_explicit(&object->references, memory_order_relaxed);
    if (mode == NO_LOCK && rand_r(&self->seed) % 512 == 0)
        sched_yield(); /* so that it goes wrong on one core too */
    atomic_store_explicit(&object->references, references + by, memory_order_relaxed);
    return references + by;
}

/* Evaluate an expression of eight objects, the first of which all threads share. An object on the
 * interpreter's stack is one more reference (in CPython before 3.14, always). */
static void evaluate(struct worker *self)
{
    struct object *stack[OPERANDS];

    for (int i = 0; i < OPERANDS; i++) {
        stack[i] = i == 0 ? &shared : &self->objects[i];
        change(stack[i], +1, self);
    }
    /* A variable still refers to each object. At 0 CPython would free an object in use. */
    for (int i = 0; i < OPERANDS; i++)
        self->freed_early += change(stack[i], -1, self) == 0;
}

static void native_work(void)
{
    unsigned long x = 1;

    meet_enter(&native);
    for (int step = 0; step < 800000; step++) {
        x = x * 1664525 + 1;            /* as in count.c */
        __asm__ volatile("" : "+r"(x)); /* keeps the loop from being deleted */
    }
    meet_leave(&native);
}

static void interpret(struct worker *self)
{
    const int uses_gil = mode == GIL || mode == GIL_RELEASED;

    for (uint64_t round = 0; round < self->rounds; round++) {
        const double start = now(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < EXPRESSIONS; i++) {
            evaluate(self);
            if (uses_gil && atomic_load(&gil.drop_request)) {
                drop_gil(self);
                take_gil(self);
            }
        }
        self->seconds += now(CLOCK_THREAD_CPUTIME_ID) - start;
        if (mode == GIL_RELEASED)
            drop_gil(self);
        native_work(); /* uses no object */
        if (mode == GIL_RELEASED)
            take_gil(self);
    }
}

static void *work(void *argument)
{
    struct worker *self = argument;
    const int uses_gil = mode == GIL || mode == GIL_RELEASED;

    if (uses_gil)
        take_gil(self);
    interpret(self);
    if (uses_gil)
        drop_gil(self);
    return NULL;
}

static void run(uint64_t rounds, uint64_t threads)
{
    shared.references = 1; /* held by a variable */
    gil.last_holder = NULL;
    meet_reset(&native);
    for (uint64_t i = 0; i < threads; i++) {
        struct worker *worker = &workers[i];
        const uint64_t share = cut(rounds, threads, i + 1) - cut(rounds, threads, i);
        *worker = (struct worker){.rounds = share, .seed = (unsigned)i + 1};
        for (int k = 0; k < OPERANDS; k++)
            worker->objects[k].references = 1;
        worker->thread = start_thread(work, worker);
    }
    for (uint64_t i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
}

static void measure(struct table *table, const char *version, enum mode its_mode, uint64_t rounds,
                    uint64_t threads)
{
    uint64_t freed = 0;
    double seconds = 0;
    char answer[24];

    mode = its_mode;
    const struct took start = start_clock();
    run(rounds, threads);
    const struct took took = since(start);
    for (uint64_t i = 0; i < threads; i++) {
        seconds += workers[i].seconds;
        freed += workers[i].freed_early;
    }
    const long references = shared.references;
    snprintf(answer, sizeof answer, "%ld", references); /* may be negative */
    row_of_text(table, version, threads, answer, (references == 1 && !freed) || mode == NO_LOCK,
                took, "%10.2f%6" PRIu64 "%7d\n", seconds * 1e9 / (double)(rounds * CHANGES), freed,
                native.highest);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum mode mode;
        int alone;
    } versions[] = {
        {"alone", PLAIN, 1},     {"gil-alone", GIL, 1}, {"atomic-alone", ATOMIC, 1},
        {"no-lock", NO_LOCK, 0}, {"gil", GIL, 0},       {"gil-released", GIL_RELEASED, 0},
        {"atomic", ATOMIC, 0},
    };
    uint64_t rounds = 300, threads = 2, only = 0;
    const struct opt options[] = {
        {'n', &rounds, 1, 1000000, "rounds"},
        {'t', &threads, 1, MAX_THREADS, "threads"},
        {'i', &gil.interval, 1, 1000000, "switch interval in microseconds"},
        {'v', &only, 0, sizeof versions / sizeof *versions, "this version only (0: all)"},
        {0}};

    read_options(argc, argv, NULL, options);
    printf("%" PRIu64 " rounds of %d counts and native work; no-lock is wrong on purpose\n", rounds,
           CHANGES);
    struct table table = header("%10s%6s%7s\n", "ns/change", "freed", "inside");
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (only == 0 || only == i + 1)
            measure(&table, versions[i].name, versions[i].mode, rounds,
                    versions[i].alone ? 1 : threads);
    return verdict(&table);
}
