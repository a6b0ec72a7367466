/* A GIL you can read: a tiny interpreter whose threads change reference counts.
 *
 *     cc -O2 -pthread toy_gil.c -o toy_gil && ./toy_gil
 *
 * alone         one thread, plain counts
 * no-lock       threads with plain counts: wrong on purpose
 * gil           one lock around the interpreter: right, one core
 * gil-released  the same, let go during native work: right, all cores
 * atomic-alone  one thread, every count changed by an atomic instruction: right, slower alone
 * atomic        threads with those: right, all cores, no lock
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "toy_gil.h"

enum {
    MAX_THREADS = 256,
    SHARED = 4,
    LOCALS = 8,
    TURNS = 1000,
    BYTECODES = 16 * TURNS,
    NATIVE_STEPS = 3000000
};
enum mode { ALONE, NO_LOCK, GIL, GIL_RELEASED, ATOMIC };

struct object {
    _Alignas(128) atomic_long references; /* alone in its cache line */
};

struct worker {
    pthread_t thread;
    uint64_t rounds;
    struct object locals[LOCALS];
    unsigned seed;
    uint64_t freed_early;
    double bytecode_seconds, longest_wait;
};

static enum mode mode;
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
 * by all threads. As in CPython, an operand on the stack is a reference. */
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
    for (long i = 0; i < NATIVE_STEPS; i++)
        __asm__ volatile("" : "+r"(i)); /* keeps the loop from being deleted */
}

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void take_gil_and_note(struct worker *self)
{
    double start = now(CLOCK_MONOTONIC);

    take_gil(self);
    double waited = now(CLOCK_MONOTONIC) - start;
    self->longest_wait = waited > self->longest_wait ? waited : self->longest_wait;
}

static void interpret(struct worker *self)
{
    const int uses_gil = mode == GIL || mode == GIL_RELEASED;

    for (uint64_t round = 0; round < self->rounds; round++) {
        double start = now(CLOCK_THREAD_CPUTIME_ID);
        for (unsigned turn = 0; turn < TURNS; turn++) {
            evaluate(self, turn);
            if (uses_gil && atomic_load_explicit(&gil.drop_request, memory_order_relaxed)) {
                drop_gil(self);
                take_gil_and_note(self);
            }
        }
        self->bytecode_seconds += now(CLOCK_THREAD_CPUTIME_ID) - start;
        if (mode == GIL_RELEASED)
            drop_gil(self);
        native_work(); /* uses no object */
        if (mode == GIL_RELEASED)
            take_gil_and_note(self);
    }
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* held until all threads are there */
static int cancelled;

static void *work(void *argument)
{
    struct worker *self = argument;

    pthread_mutex_lock(&gate);
    int stop = cancelled;
    pthread_mutex_unlock(&gate);
    if (stop)
        return NULL;
    if (mode == GIL || mode == GIL_RELEASED)
        take_gil_and_note(self);
    interpret(self);
    if (mode == GIL || mode == GIL_RELEASED)
        drop_gil(self);
    return NULL;
}

static void run(uint64_t rounds, int threads)
{
    int started = 0, error = 0;

    for (int i = 0; i < SHARED; i++)
        atomic_store(&shared[i].references, 1); /* held by the namespace */
    gil.switches = 0;
    gil.last_holder = NULL;
    pthread_mutex_lock(&gate);
    for (; started < threads && !error; started += !error) {
        struct worker *worker = &workers[started];
        uint64_t t = (uint64_t)threads, i = (uint64_t)started;
        *worker = (struct worker){.rounds = rounds / t + (i < rounds % t), .seed = (unsigned)i + 1};
        for (int local = 0; local < LOCALS; local++)
            atomic_store(&worker->locals[local].references, 1);
        error = pthread_create(&worker->thread, NULL, work, worker);
    }
    cancelled = error;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    if (error) {
        fprintf(stderr, "toy_gil: cannot start thread %d of %d: %s\n", started + 1, threads,
                strerror(error));
        exit(1);
    }
}

/* Print what run() left behind; return whether a count is wrong. */
static int print_row(const char *version, int threads, uint64_t rounds, double wall, double cpu,
                     double base)
{
    double bytecode_seconds = 0, longest_wait = 0;
    uint64_t freed_early = 0;
    long answer = 0, lost = 0;

    for (int i = 0; i < SHARED; i++) {
        long references = atomic_load(&shared[i].references);
        answer += references;
        lost += labs(references - 1);
    }
    for (int i = 0; i < threads; i++) {
        bytecode_seconds += workers[i].bytecode_seconds;
        freed_early += workers[i].freed_early;
        if (workers[i].longest_wait > longest_wait)
            longest_wait = workers[i].longest_wait;
    }
    printf("%-13s%8d%8ld%#9.3g%8.2f%6.2f%9.2f%7ld%7" PRIu64 "%9" PRIu64 "%9.3f\n", version, threads,
           answer, wall, base / wall, cpu / wall,
           bytecode_seconds * 1e9 / (double)(rounds * BYTECODES), lost, freed_early, gil.switches,
           longest_wait * 1e3);
    return answer != SHARED || lost || freed_early;
}

/* The CPUs this process may use: affinity, then the cgroup's quota; at least 2. */
static int usable_cpus(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    long quota, period;
    cpu_set_t set;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        cpus = CPU_COUNT(&set);
    if (file && fscanf(file, "%ld %ld", &quota, &period) == 2 &&
        (quota + period - 1) / period < cpus)
        cpus = (quota + period - 1) / period;
    if (file)
        fclose(file);
#endif
    return cpus < 2 ? 2 : cpus > MAX_THREADS ? MAX_THREADS : (int)cpus;
}

/* Read a whole number from low to high, or end with one line and exit code 2. */
static uint64_t whole(int option, const char *text, uint64_t low, uint64_t high)
{
    char *end;

    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < low || value > high) {
        fprintf(stderr,
                "toy_gil: -%c '%s': expected a whole number from %" PRIu64 " to %" PRIu64 "\n",
                option, text, low, high);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum mode mode;
        int alone;
    } versions[] = {
        {"alone", ALONE, 1},
        {"no-lock", NO_LOCK, 0},
        {"gil", GIL, 0},
        {"gil-released", GIL_RELEASED, 0},
        {"atomic-alone", ATOMIC, 1},
        {"atomic", ATOMIC, 0},
    };
    uint64_t rounds = 300;
    int threads = usable_cpus(), wrong = 0;
    double base = 0;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("usage: toy_gil [-n rounds, default 300] [-t threads, 1 to 256]\n"
             "               [-i switch interval in microseconds, default 5000]");
        return 0;
    }
    for (int option; (option = getopt(argc, argv, "n:t:i:")) != -1;) {
        if (option == 'n')
            rounds = whole(option, optarg, 1, 1000000);
        else if (option == 't')
            threads = (int)whole(option, optarg, 1, MAX_THREADS);
        else if (option == 'i')
            gil.interval = (long)whole(option, optarg, 1, 1000000);
        else
            return 2; /* getopt has said what is wrong */
    }
    if (optind < argc) {
        fprintf(stderr, "toy_gil: '%s' is not an option; see --help\n", argv[optind]);
        return 2;
    }

    printf("%" PRIu64 " rounds of %d bytecodes and one piece of native work\n", rounds, BYTECODES);
    printf("%-13s%8s%8s%9s%8s%6s%9s%7s%7s%9s%9s\n", "version", "threads", "answer", "seconds",
           "speedup", "busy", "ns/code", "lost", "freed", "switches", "wait-ms");
    for (size_t row = 0; row < sizeof versions / sizeof versions[0]; row++) {
        int count = versions[row].alone ? 1 : threads;
        mode = versions[row].mode;
        double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        run(rounds, count);
        wall = now(CLOCK_MONOTONIC) - wall;
        cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        base = row == 0 ? wall : base;
        int bad = print_row(versions[row].name, count, rounds, wall, cpu, base);
        wrong += bad && mode != NO_LOCK;
    }
    puts("\nanswer: references left to the 4 shared objects, one each if right; lost: those that "
         "are\n"
         "missing or too many; freed: how often a count fell to 0 with the object still in use;\n"
         "wait-ms: the longest wait for the GIL. no-lock is wrong on purpose.");
    if (wrong)
        fprintf(stderr, "toy_gil: wrong counts in %d rows\n", wrong);
    return wrong ? 1 : 0;
}
