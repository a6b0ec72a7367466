/* A producer, a queue with few places, and workers: whoever is too fast waits, and nothing is lost.
 *
 *     cc -O2 -pthread pipeline.c -o pipeline && ./pipeline
 *
 * An item is the start of a chunk of numbers; the workers count the primes in it. Ctrl-C
 * stops the producer, and what it has made is still done. The queue is in bounded_queue.h.
 */
#include "../tools/bench.h"

#include "bounded_queue.h"
#include "count_primes.h"
#include <signal.h>
#include <stdatomic.h>

/* A signal handler may safely do little more than raise a flag. A producer that waits for a free
 * place need not be woken: the workers go on, and make one. */
static atomic_int interrupted;

static void interrupt(int signal_number)
{
    signal(signal_number, SIG_DFL); /* the second Ctrl-C ends it at once */
    interrupted = 1;
}

static uint64_t n = 2000000, chunk = 10000, made; /* numbers, in all and an item; items made */

struct worker {
    _Alignas(128) pthread_t thread; /* 128: no two workers in a cache line */
    uint64_t primes, done;          /* primes in the items that are done */
};

static void *work(void *argument)
{
    struct worker *worker = argument;

    for (uint64_t low; take(&low); worker->done++)
        worker->primes += count_primes(low, n - low < chunk ? n : low + chunk);
    return NULL;
}

static struct worker pipeline(uint64_t threads)
{
    static struct worker workers[MAX_THREADS];
    struct worker all = {0};

    for (uint64_t i = 0; i < threads; i++)
        workers[i].thread = start_thread(work, &workers[i]);
    for (uint64_t low = 0; low < n && !interrupted; low += chunk, made++)
        put(low);
    close_queue();
    for (uint64_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        all.primes += workers[i].primes;
        all.done += workers[i].done;
    }
    return all;
}

static void print_rows(struct table *table, uint64_t threads)
{
    const uint64_t items = (n - 1) / chunk + 1;
    struct took start = start_clock();
    const uint64_t expected = count_primes(0, n);
    row(table, "sequential", 1, expected, 1, since(start), "%8" PRIu64 "%8" PRIu64 "\n", items,
        items);
    signal(SIGINT, interrupt);
    start = start_clock();
    const struct worker all = pipeline(threads);
    if (!interrupted) /* the seconds of a part of the work have no speed-up */
        row(table, "pipeline", threads, all.primes, all.primes == expected && all.done == items,
            since(start), "%8" PRIu64 "%8" PRIu64 "\n", made, all.done);
    printf("\nat most %" PRIu64 " of %" PRIu64 " places in the queue were taken at one time\n",
           queue.most, queue.places);
    if (interrupted)
        printf("stopped by Ctrl-C: %" PRIu64 " items made, %" PRIu64 " done, %" PRIu64 " primes\n",
               made, all.done, all.primes);
}

int main(int argc, char **argv)
{
    uint64_t threads = 2;
    const struct opt options[] = {{'n', &n, 1, 1000000000000, "count the primes below n"},
                                  {'t', &threads, 1, MAX_THREADS, "workers"},
                                  {'q', &queue.places, 1, MAX_PLACES, "places in the queue"},
                                  {'c', &chunk, 1, 1000000000000, "numbers in an item"},
                                  {0}};

    read_options(argc, argv, NULL, options);
    printf("count the primes below %" PRIu64 ", %" PRIu64 " an item\n", n, chunk);
    struct table table = header("%8s%8s\n", "made", "done");
    print_rows(&table, threads);
    return verdict(&table) ? 1 : interrupted ? 128 + SIGINT : 0;
}
