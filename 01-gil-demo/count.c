/* The same countdown without an interpreter, so without a GIL: two threads, twice the speed.
 *
 *     cc -O2 -pthread count.c -o count && ./count
 */
#include "../tools/bench.h"

/* Every step waits for a multiplication, which hardly slows a neighbour on the same core down. */
static uint64_t count_down(uint64_t n)
{
    uint64_t steps = 0, x = 1;

    while (n > 0) {
        n--;
        steps++;
        x = x * 1664525 + 1;
        __asm__ volatile("" : "+r"(x)); /* x may change here: else the loop is deleted */
    }
    return steps;
}

/* Count down from *argument, and leave there how many steps that took. */
static void *work(void *argument)
{
    uint64_t *n = argument;

    *n = count_down(*n);
    return NULL;
}

static uint64_t count_on_threads(uint64_t n, uint64_t threads)
{
    pthread_t ids[MAX_THREADS];
    uint64_t shares[MAX_THREADS], steps = 0;

    for (uint64_t i = 0; i < threads; i++) {
        shares[i] = cut(n, threads, i + 1) - cut(n, threads, i);
        ids[i] = start_thread(work, &shares[i]);
    }
    for (uint64_t i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        steps += shares[i];
    }
    return steps;
}

int main(int argc, char **argv)
{
    uint64_t n = 200000000, threads = 2;
    const struct opt options[] = {{'n', &n, 1, 1000000000000, "count down from n, twice"},
                                  {'t', &threads, 1, MAX_THREADS, "threads"},
                                  {0}};

    read_options(argc, argv, NULL, options);
    printf("count down from %" PRIu64 ", twice\n", n);
    struct table table = header("\n");

    struct took start = start_clock();
    uint64_t steps = count_down(n) + count_down(n);
    row(&table, "sequential", 1, steps, steps == 2 * n, since(start), "\n");

    start = start_clock();
    steps = count_on_threads(2 * n, threads);
    row(&table, "threads", threads, steps, steps == 2 * n, since(start), "\n");
    return verdict(&table);
}
