/* What this machine can do: memory read and added, and multiply-adds, on 1..T threads.
 *
 *     cc -O3 -march=native -ffp-contract=fast -fopenmp limits.c -o limits && ./limits
 *
 * GB/s counts what is asked for: 8 bytes read, 24 for an addition. Before an ordinary store the
 * processor reads what it overwrites; for a streaming store it does not: `add-stream` is highest.
 */
#include "../tools/bench.h"
#include "../tools/memory.h"
#include "stream.h"

enum { N = 10000000, MORE = 43000000 }; /* 80 MB: more than most caches; 344: than all */
static double *a, *b, *c;               /* N elements each, the first of MORE */
typedef uint64_t bits __attribute__((may_alias));

/* A kernel works on the elements low..high. It returns the sum, or the loop would be deleted; a sum
 * of bits and not of doubles, since integers may be added in any order. */
#define KERNEL(name, step, work)                                                                   \
    static double name(size_t low, size_t high)                                                    \
    {                                                                                              \
        uint64_t sum = 0;                                                                          \
        for (size_t i = low; i < high; i += step)                                                  \
            work;                                                                                  \
        return (double)sum;                                                                        \
    }
/* A page lives near the core that touches it first, so the threads do it and not main. */
KERNEL(touch, 1, a[i] = 1)
KERNEL(read_memory, 1, sum += ((const bits *)a)[i])
KERNEL(add, 1, c[i] = a[i] + b[i])
KERNEL(stream, high - low, add_stream(a + i, b + i, c + i, (int64_t)(high - low)))

#if defined(__AVX512F__)
#define WIDTH 16 /* floats in a register */
#elif defined(__AVX__)
#define WIDTH 8
#else
#define WIDTH 4
#endif
enum { CHAINS = 12 }; /* they are independent, so that no multiply-add waits for another */
typedef float vector __attribute__((vector_size(WIDTH * sizeof(float))));

static double multiply_add(size_t low, size_t high)
{
    vector chains[CHAINS];

    for (int k = 0; k < CHAINS; k++)
        chains[k] = (vector){0} + (float)(low + (size_t)k);
    for (size_t i = low; i < high; i++) {
        __asm__ volatile(""); /* or a compiler may work off one chain after the other */
        for (int k = 0; k < CHAINS; k++)
            chains[k] = chains[k] * 0.5f + 1.0f;
    }
    for (int k = 1; k < CHAINS; k++)
        chains[0] += chains[k];
    return (double)chains[0][0];
}

static const struct limit {
    const char *name;
    double (*kernel)(size_t low, size_t high);
    size_t elements;
    int bytes, flops, passes; /* of an element; as many passes as take about 0.2 s */
} limits[] = {
    {"read-34MB", read_memory, 4300000, 8, 0, 200}, /* chapter 5's data: some fits in some caches */
    {"read-345MB", read_memory, MORE, 8, 0, 10},
    {"add", add, N, 24, 0, 20},
#ifdef __SSE2__
    {"add-stream", stream, N, 24, 0, 30},
#endif
    {"fma", multiply_add, 100000, 0, 2 * CHAINS * WIDTH, 200},
    {0},
};

/* Return what a pass took. No thread waits for the others between two passes. */
static struct took run(const struct limit *limit, size_t threads)
{
    const size_t lines = limit->elements / 8; /* whole cache lines for each thread */
    struct took took = start_clock();

#pragma omp parallel for num_threads((int)threads) schedule(static, 1)
    for (size_t i = 0; i < threads; i++)
        for (int pass = 0; pass < limit->passes; pass++)
            limit->kernel(cut(lines, threads, i) * 8, cut(lines, threads, i + 1) * 8);
    took = since(took);
    return (struct took){took.wall / limit->passes, took.cpu / limit->passes};
}

/* Print a row for each number of threads: 1, 2, 4 ... and all. */
static void measure(const struct limit *limit, uint64_t most)
{
    struct table table = {0}; /* each kind of work is compared with itself on one thread */

    for (uint64_t t = 1; t <= most; t = t < most && 2 * t > most ? most : 2 * t) {
        const struct took took = run(limit, t);
        row_of_text(&table, limit->name, t, "-", 1, took,
                    limit->bytes ? "%8.1f        -\n" : "       -%9.1f\n",
                    (limit->bytes + limit->flops) * (double)limit->elements / took.wall / 1e9);
    }
}

int main(int argc, char **argv)
{
    uint64_t threads = 2;
    const struct opt options[] = {{'t', &threads, 1, MAX_THREADS, "most threads"}, {0}};
    const int at = read_options(argc, argv, " [ROW]", options), all = at == argc;
    const struct limit *limit = limits;

    while (!all && limit->name && strcmp(argv[at], limit->name) != 0)
        limit++;
    if (!limit->name || at + 1 < argc)
        errx(2, "'%s': expected the name of one row, or nothing for all", argv[argc - 1]);
    a = memory(MORE * sizeof *a);
    b = a + N;
    c = b + N;
    run(&(struct limit){.kernel = touch, .elements = MORE, .passes = 1}, threads);
    printf("what this machine can do (in vectors of %d floats); seconds for one pass\n", WIDTH);
    header("%8s%9s\n", "GB/s", "GFLOP/s");
    do
        measure(limit++, threads);
    while (all && limit->name);
    return verdict(&(struct table){0});
}
