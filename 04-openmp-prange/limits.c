/* What this machine can do: memory read and added, and multiply-adds, on 1..T threads.
 *
 *     cc -O3 -march=native -ffp-contract=fast -fopenmp limits.c -o limits && ./limits
 *
 * GB/s counts what is asked for: 8 bytes for an element that is read, 24 for one that is added.
 */
#include "../tools/bench.h"
#include "../tools/memory.h"
#include "stream.h"

static double *a, *b, *c;
/* A kernel works on the elements low..high. Without a count, one that only reads were deleted. */
#define KERNEL(name, step, work)                                                                   \
    static double name(size_t low, size_t high)                                                    \
    {                                                                                              \
        uint64_t count = 0;                                                                        \
        for (size_t i = low; i < high; i += step)                                                  \
            work;                                                                                  \
        return (double)count;                                                                      \
    }
KERNEL(read_memory, 1, count += a[i] != 0)
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
        chains[k] = (vector){0} + (float)k;
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
    int bytes, flops; /* of an element */
} limits[] = {
    {"read-34MB", read_memory, 4300000, 8, 0}, /* chapter 5's data: some fits in some caches */
    {"read-345MB", read_memory, 43000000, 8, 0},
    {"add", add, 10000000, 24, 0},
    {"add-stream", stream, 10000000, 24, 0},
    {"fma", multiply_add, 1000000, 0, 2 * CHAINS * WIDTH},
    {0},
};

/* Return what a pass took: the mean of 0.2 s, as the programs that are compared with a limit have.
 */
static struct took mean_pass(const struct limit *limit, size_t threads)
{
    const size_t lines = limit->elements / 8; /* whole cache lines for each thread */
    const struct took start = start_clock();
    struct took all = {0};
    int passes = 0;

    for (; all.wall < 0.2; passes++) {
#pragma omp parallel for num_threads((int)threads) schedule(static, 1)
        for (size_t i = 0; i < threads; i++)
            limit->kernel(cut(lines, threads, i) * 8, cut(lines, threads, i + 1) * 8);
        all = since(start);
    }
    return (struct took){all.wall / passes, all.cpu / passes};
}

static void measure(const struct limit *limit, uint64_t most)
{
    const size_t apart = limit->bytes == 24 ? 40 << 18 : 0; /* whole pages, as in add.c */
    struct table table = {0}; /* each kind of work is compared with itself on one thread */

    a = memory((limit->elements + 2 * apart) * sizeof *a);
    b = a + apart;
    c = b + apart;
    /* A page lives near the core that touches it first, so the threads do it and not main. */
#pragma omp parallel for num_threads((int)most) schedule(static)
    for (size_t i = 0; i < limit->elements; i++)
        a[i] = b[i] = c[i] = 1;
    for (uint64_t t = 1; t <= most; t = t < most && 2 * t > most ? most : 2 * t) {
        const struct took took = mean_pass(limit, t);
        row_of_text(&table, limit->name, t, "-", 1, took,
                    limit->bytes ? "%8.1f        -\n" : "       -%9.1f\n",
                    (limit->bytes + limit->flops) * (double)limit->elements / took.wall / 1e9);
    }
    free(a);
}

int main(int argc, char **argv)
{
    uint64_t threads = 2;
    const struct opt options[] = {{'t', &threads, 1, MAX_THREADS, "most threads"}, {0}};
    const int at = read_options(argc, argv, " [ROW]", options);
    const struct limit *limit = limits;

    while (at < argc && limit->name && strcmp(argv[at], limit->name) != 0)
        limit++;
    if (!limit->name || at + 1 < argc)
        errx(2, "'%s': expected the name of one row, or nothing for all", argv[argc - 1]);
    printf("what this machine can do (in vectors of %d floats); seconds for one pass\n", WIDTH);
    header("%8s%9s\n", "GB/s", "GFLOP/s");
    do
        measure(limit++, threads);
    while (at == argc && limit->name);
    return verdict(&(struct table){0});
}
