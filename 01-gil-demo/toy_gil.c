/* A GIL you can read: a tiny interpreter whose threads change reference counts.
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

enum { SHARED = 4, LOCALS = 8, TURNS = 1000, BYTECODES = 16 * TURNS, NATIVE_STEPS = 800000 };
enum mode { PLAIN, NO_LOCK, GIL, GIL_RELEASED, ATOMIC };

struct object {
    _Alignas(128) atomic_long references; /* alone in its cache line */
};

struct worker {
    pthread_t thread;
    uint64_t rounds, freed_early;
    struct object locals[LOCALS];
    unsigned seed;
    double bytecode_seconds;
};

static enum mode mode;
static struct meeting native; /* counts the threads in native work */
static struct object shared[SHARED];
static struct worker workers[MAX_THREADS];

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

/* What the threads execute, again and again: an expression with eight operands, one of them shared
 * by all threads. An operand on the stack is a reference (in CPython before 3.14, always). */
enum op { LOAD_SHARED, LOAD_LOCAL, POP, END };
static const enum op code[] = {LOAD_LOCAL, LOAD_LOCAL, LOAD_LOCAL, LOAD_SHARED, LOAD_LOCAL,
                               LOAD_LOCAL, LOAD_LOCAL, LOAD_LOCAL, POP,         POP,
                               POP,        POP,        POP,        POP,         POP,
                               POP,        END};

static void evaluate(struct worker *self, unsigned turn)
{
    struct object *stack[8];
    unsigned depth = 0;

    for (const enum op *next = code;; next++) {
        switch (*next) {
        case LOAD_SHARED:
            change(stack[depth++] = &shared[turn % SHARED], +1, self);
            break;
        case LOAD_LOCAL:
            change(stack[depth] = &self->locals[depth], +1, self);
            depth++;
            break;
        case POP:
            /* The namespace still refers to it, so at 0 CPython would free it too early. */
            self->freed_early += change(stack[--depth], -1, self) == 0;
            break;
        case END:
            return;
        }
    }
}

static void native_work(void)
{
    unsigned long x = 1;

    meet_enter(&native);
    for (int step = 0; step < NATIVE_STEPS; step++) {
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
        for (unsigned turn = 0; turn < TURNS; turn++) {
            evaluate(self, turn);
            if (uses_gil && atomic_load(&gil.drop_request)) {
                drop_gil(self);
                take_gil(self);
            }
        }
        self->bytecode_seconds += now(CLOCK_THREAD_CPUTIME_ID) - start;
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
    for (int i = 0; i < SHARED; i++)
        shared[i].references = 1; /* held by the namespace */
    meet_reset(&native);
    gil.switches = 0;
    gil.last_holder = NULL;
    for (uint64_t i = 0; i < threads; i++) {
        struct worker *worker = &workers[i];
        const uint64_t share = cut(rounds, threads, i + 1) - cut(rounds, threads, i);
        *worker = (struct worker){.rounds = share, .seed = (unsigned)i + 1};
        for (int local = 0; local < LOCALS; local++)
            worker->locals[local].references = 1;
        worker->thread = start_thread(work, worker);
    }
    for (uint64_t i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
}

static const struct version {
    const char *name;
    enum mode mode;
    int alone;
} versions[] = {
    {"alone", PLAIN, 1},     {"gil-alone", GIL, 1}, {"atomic-alone", ATOMIC, 1},
    {"no-lock", NO_LOCK, 0}, {"gil", GIL, 0},       {"gil-released", GIL_RELEASED, 0},
    {"atomic", ATOMIC, 0},
};
enum { VERSIONS = sizeof versions / sizeof *versions };

static void measure(struct table *table, const struct version *version, uint64_t rounds,
                    uint64_t threads)
{
    double bytecode_seconds = 0;
    uint64_t freed_early = 0;
    long answer = 0, lost = 0;
    char text[24];

    mode = version->mode;
    const struct took start = start_clock();
    run(rounds, threads);
    const struct took took = since(start);
    for (int i = 0; i < SHARED; i++) {
        answer += shared[i].references;
        lost += labs(shared[i].references - 1);
    }
    for (uint64_t i = 0; i < threads; i++) {
        bytecode_seconds += workers[i].bytecode_seconds;
        freed_early += workers[i].freed_early;
    }
    snprintf(text, sizeof text, "%ld", answer); /* may be negative */
    const int right = answer == SHARED && lost == 0 && freed_early == 0;
    row_of_text(table, version->name, threads, text, right || mode == NO_LOCK, took,
                "%8.2f%5ld%6" PRIu64 "%9" PRIu64 "%7d\n",
                bytecode_seconds * 1e9 / (double)(rounds * BYTECODES), lost, freed_early,
                gil.switches, native.highest);
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
    printf("%" PRIu64 " rounds of %d bytecodes and native work; no-lock is wrong on purpose\n",
           rounds, BYTECODES);
    struct table table =
        header("%8s%5s%6s%9s%7s\n", "ns/code", "lost", "freed", "switches", "inside");
    for (uint64_t i = 0; i < VERSIONS; i++)
        if (only == 0 || only == i + 1)
            measure(&table, &versions[i], rounds, versions[i].alone ? 1 : threads);
    return verdict(&table);
}
