/* What this machine can do: memory read, written and added, and multiply-adds, on 1..T threads.
 *
 *     cc -O3 -march=native -ffp-contract=fast -pthread limits.c -o limits && ./limits
 *
 * GB/s counts the bytes that the program asks for: 8 read, 8 written, 24 for an addition. Before
 * an ordinary store the processor reads the line that it overwrites; a streaming store leaves
 * that out, so `add-stream` is the highest of all and `add` is what plain code can reach.
 */
#include "bench.h"
#include "memory.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A register full of floats, as wide as the processor that we compile for has them. */
#if defined(__AVX512F__)
enum { WIDTH = 16 };
#elif defined(__AVX__)
enum { WIDTH = 8 };
#else
enum { WIDTH = 4 };
#endif
typedef float vector __attribute__((vector_size(WIDTH * sizeof(float))));

enum { N = 10000000 };    /* elements: three arrays of 80 MB, larger than most caches */
enum { MORE = 43000000 }; /* of the first array, if asked for: 344 MB, larger than all caches */
enum { CHAINS = 12, ROUNDS = 100000 };

static double *a, *b, *c;

/* A kernel works on the elements low..high and returns something that depends on all of them. */

static double read_memory(size_t low, size_t high)
{
    uint64_t sum = 0; /* integers, because their sum may be reordered */

    for (size_t i = low; i < high; i++) {
        uint64_t bits;
        memcpy(&bits, &a[i], sizeof bits);
        sum += bits;
    }
    return (double)sum;
}

/* A page lives near the core that touches it first, so the threads do it and not main. */
static double touch(size_t low, size_t high)
{
    for (size_t i = low; i < high; i++) {
        a[i] = (double)i;
        if (i < N)
            b[i] = c[i] = 1;
    }
    return a[high - 1];
}

static double write_memory(size_t low, size_t high)
{
    for (size_t i = low; i < high; i++)
        c[i] = (double)low;
    return c[high - 1];
}

static double add(size_t low, size_t high)
{
    const double *restrict x = a, *restrict y = b;
    double *restrict z = c;

    for (size_t i = low; i < high; i++)
        z[i] = x[i] + y[i];
    return z[high - 1];
}

#ifdef __SSE2__
static double add_stream(size_t low, size_t high)
{
    for (size_t i = low; i < high; i += 2)
        _mm_stream_pd(c + i, _mm_add_pd(_mm_load_pd(a + i), _mm_load_pd(b + i)));
    _mm_sfence();
    return c[high - 1];
}
#endif

/* CHAINS independent chains, so that no multiply-add waits for the one before it. They are no
 * array: in a loop over one, a compiler may work off one chain after the other. */
static double multiply_add(size_t low, size_t high)
{
    const vector f = (vector){0} + (float)low * 1e-12f + 0.5f, one = (vector){0} + 1;
    vector v0 = f + (float)high, v1 = v0 + 1, v2 = v0 + 2, v3 = v0 + 3, v4 = v0 + 4, v5 = v0 + 5,
           v6 = v0 + 6, v7 = v0 + 7, v8 = v0 + 8, v9 = v0 + 9, v10 = v0 + 10, v11 = v0 + 11;

    for (int round = 0; round < ROUNDS; round++) {
        v0 = v0 * f + one, v1 = v1 * f + one, v2 = v2 * f + one, v3 = v3 * f + one;
        v4 = v4 * f + one, v5 = v5 * f + one, v6 = v6 * f + one, v7 = v7 * f + one;
        v8 = v8 * f + one, v9 = v9 * f + one, v10 = v10 * f + one, v11 = v11 * f + one;
    }
    v0 += v1 + v2 + v3 + v4 + v5 + v6 + v7 + v8 + v9 + v10 + v11;
    return (double)v0[0];
}

static const struct limit {
    const char *name;
    double (*kernel)(size_t low, size_t high); /* NULL: not on this processor */
    size_t elements;
    int bytes, passes; /* bytes an element; as many passes as take about 0.2 s */
} limits[] = {
    {"read", read_memory, N, 8, 50},
    {"read-34MB", read_memory, 4300000, 8, 200}, /* chapter 5's data: some fits in some caches */
    {"read-345MB", read_memory, MORE, 8, 10},    /* ten times as much */
    {"write", write_memory, N, 8, 50},
    {"add", add, N, 24, 20},
#ifdef __SSE2__
    {"add-stream", add_stream, N, 24, 30},
#else
    {"add-stream", NULL, N, 24, 30},
#endif
    {"fma", multiply_add, N, 0, 200},
};
enum { LIMITS = sizeof limits / sizeof *limits };

struct worker {
    pthread_t thread;
    const struct limit *limit;
    size_t low, high;
    int passes;
    double result;
};

static void *work(void *argument)
{
    struct worker *worker = argument;

    for (int pass = 0; pass < worker->passes; pass++)
        worker->result += worker->limit->kernel(worker->low, worker->high);
    return NULL;
}

/* Memory is shared out to the threads by element (of the last pages some are left out, so that all
 * begin at a page), multiply-adds by pass. Return the elements or the multiply-adds of all passes.
 */
static double run(const struct limit *limit, int threads)
{
    static struct worker workers[MAX_THREADS];
    const size_t part = limit->elements / (size_t)threads / 512 * 512;
    const int passes = limit->bytes ? limit->passes : (limit->passes + threads - 1) / threads;

    for (int i = 0; i < threads; i++) {
        const size_t low = part * (size_t)i;
        workers[i] =
            (struct worker){.limit = limit, .low = low, .high = low + part, .passes = passes};
        workers[i].thread = start_thread(work, &workers[i]);
    }
    for (int i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    return (double)passes * threads *
           (limit->bytes ? (double)part : (double)((size_t)CHAINS * WIDTH * ROUNDS));
}

/* On 1, 2, 4 ... threads, and on all. */
static void measure(const struct limit *limit, int most)
{
    first_wall = 0; /* each kind of work is compared with itself on one thread */
    for (int threads = 1; threads <= most;) {
        start_clock();
        const double done = run(limit, threads);
        stop_clock();
        const double giga = (limit->bytes ? limit->bytes : 2) * done / wall / 1e9;
        wall /= limit->passes;
        cpu /= limit->passes;
        if (limit->bytes)
            row_of_text(limit->name, (uint64_t)threads, "-", 1, "%8.1f%9s\n", giga, "-");
        else
            row_of_text(limit->name, (uint64_t)threads, "-", 1, "%8s%9.1f\n", "-", giga);
        threads = threads < most && threads * 2 > most ? most : threads * 2;
    }
}

static const struct limit *find(const char *name)
{
    for (int i = 0; i < LIMITS; i++)
        if (strcmp(name, limits[i].name) == 0)
            return &limits[i];
    fail(2, "'%s' is not one of read, read-34MB, read-345MB, write, add, add-stream, fma", name);
}

int main(int argc, char **argv)
{
    uint64_t threads = 2;
    const struct opt options[] = {{'t', &threads, 1, MAX_THREADS, "most threads"}, {0}};
    const int first = read_options(argc, argv, " [LIMIT]...", options);

    size_t elements = first < argc ? N : MORE;
    for (int i = first; i < argc; i++)
        if (find(argv[i])->elements > elements)
            elements = MORE;
    a = memory(elements * sizeof *a);
    b = memory(N * sizeof *b);
    c = memory(N * sizeof *c);
    run(&(struct limit){"touch", touch, elements, 24, 1}, (int)threads);
    touch(elements / threads / 512 * 512 * threads, elements);

    printf("what this machine can do (in vectors of %d floats); seconds for one pass\n", WIDTH);
    header("%8s%9s\n", "GB/s", "GFLOP/s");
    for (int i = 0; i < (first < argc ? argc - first : LIMITS); i++) {
        const struct limit *limit = first < argc ? find(argv[first + i]) : &limits[i];
        if (limit->kernel)
            measure(limit, (int)threads);
    }
    free(a);
    free(b);
    free(c);
    return 0;
}
