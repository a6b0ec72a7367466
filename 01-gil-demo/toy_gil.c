/* A GIL you can read: a toy interpreter whose threads change reference counts.
 *
 *     cc -O2 -pthread toy_gil.c -o toy_gil && ./toy_gil
 */
#include "../tools/bench.h"
#include "../tools/meet.h"

#include <sched.h>
#include <stdatomic.h>

#include "toy_gil.h"

enum { OPERANDS = 8, EXPRESSIONS = 1000, CHANGES = 2 * OPERANDS * EXPRESSIONS };

static const struct version {
    const char *name;
    int alone, gil, released, atomic, wrong;
} versions[] = {
    {"alone", .alone = 1},                     /* one thread, plain counts */
    {"gil-alone", .alone = 1, .gil = 1},       /* one thread that holds the lock */
    {"atomic-alone", .alone = 1, .atomic = 1}, /* one thread, counts changed atomically */
    {"no-lock", .wrong = 1},                   /* threads with plain counts, wrong on purpose */
    {"gil", .gil = 1},                         /* one lock around the interpreter: one core */
    {"gil-released", .gil = 1, .released = 1}, /* no lock during native work: all cores */
    {"atomic", .atomic = 1},                   /* threads with atomic counts: all cores */
};
enum { VERSIONS = sizeof versions / sizeof *versions };

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

static struct version version; /* the one that runs */
static struct object shared;
static struct worker workers[MAX_THREADS];
static struct meeting native; /* counts the threads in native work */

/* Change a reference count and return it. The plain way reads, then writes; through atomic
 * accesses, so that two threads that do so at once are wrong, but not undefined. */
static long change(struct object *object, long by, struct worker *self)
{
    if (version.atomic)
        return atomic_fetch_add(&object->references, by) + by;
    long references = atomic_load_explicit(&object->references, memory_order_relaxed);
    if (version.wrong && rand_r(&self->seed) % 512 == 0)
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

static void interpret(struct worker *self)
{
    const double start = now(CLOCK_THREAD_CPUTIME_ID);

    for (int i = 0; i < EXPRESSIONS; i++) {
        evaluate(self);
        if (version.gil && atomic_load(&gil.drop_request)) {
            drop_gil();
            take_gil();
        }
    }
    self->seconds += now(CLOCK_THREAD_CPUTIME_ID) - start;
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

static void *work(void *argument)
{
    struct worker *self = argument;

    if (version.gil)
        take_gil();
    for (uint64_t round = 0; round < self->rounds; round++) {
        interpret(self);
        if (version.released)
            drop_gil();
        native_work(); /* uses no object */
        if (version.released)
            take_gil();
    }
    if (version.gil)
        drop_gil();
    return NULL;
}

static void start_worker(struct worker *worker, uint64_t rounds)
{
    *worker = (struct worker){.rounds = rounds, .seed = (unsigned)(worker - workers) + 1};
    for (int i = 0; i < OPERANDS; i++)
        worker->objects[i].references = 1;
    worker->thread = start_thread(work, worker);
}

static void measure(struct table *table, uint64_t rounds, uint64_t threads)
{
    uint64_t freed = 0;
    double seconds = 0;
    char answer[24];

    shared.references = 1; /* held by a variable */
    meet_reset(&native);
    const struct took start = start_clock();
    for (uint64_t i = 0; i < threads; i++)
        start_worker(&workers[i], cut(rounds, threads, i + 1) - cut(rounds, threads, i));
    for (uint64_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        seconds += workers[i].seconds;
        freed += workers[i].freed_early;
    }
    const struct took took = since(start);
    const int right = shared.references == 1 && freed == 0;
    snprintf(answer, sizeof answer, "%ld", (long)shared.references); /* may be negative */
    row_of_text(table, version.name, threads, answer, right || version.wrong, took,
                "%10.2f%6" PRIu64 "%7d\n", seconds * 1e9 / (double)(rounds * CHANGES), freed,
                native.highest);
}

int main(int argc, char **argv)
{
    uint64_t rounds = 300, threads = 2, only = 0;
    const struct opt options[] = {
        {'n', &rounds, 1, 1000000, "rounds"},
        {'t', &threads, 1, MAX_THREADS, "threads"},
        {'i', &gil.interval, 1, 1000000, "switch interval in microseconds"},
        {'v', &only, 0, VERSIONS, "this version only (0: all)"},
        {0}};

    read_options(argc, argv, NULL, options);
    printf("%" PRIu64 " rounds of %d counts; no-lock is wrong on purpose\n", rounds, CHANGES);
    struct table table = header("%10s%6s%7s\n", "ns/change", "freed", "inside");
    for (uint64_t i = 0; i < VERSIONS; i++) {
        version = versions[i];
        if (only == 0 || only == i + 1)
            measure(&table, rounds, version.alone ? 1 : threads);
    }
    return verdict(&table);
}
