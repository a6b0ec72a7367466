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

static uint64_t n = 2000000, chunk = 10000; /* numbers in all, and in an item */

static uint64_t do_item(uint64_t low)
{
    return count_primes(low, n - low < chunk ? n : low + chunk);
}

struct result {
    uint64_t primes, made, done; /* items made by the producer, done by the workers */
};

static struct result sequential(void)
{
    struct result result = {0};

    for (uint64_t low = 0; low < n && !interrupted; low += chunk) {
        result.made++;
        result.primes += do_item(low);
        result.done++;
    }
    return result;
}

struct worker {
    _Alignas(128) pthread_t thread; /* 128: no two workers in a cache line */
    uint64_t primes, done;
};

static void *work(void *argument)
{
    struct worker *worker = argument;

    for (uint64_t low; take(&low); worker->done++)
        worker->primes += do_item(low);
    return NULL;
}

static struct result pipeline(uint64_t threads)
{
    static struct worker workers[MAX_THREADS];
    struct result result = {0};

    for (uint64_t i = 0; i < threads; i++)
        workers[i].thread = start_thread(work, &workers[i]);
    for (uint64_t low = 0; low < n && !interrupted; low += chunk, result.made++)
        put(low);
    close_queue();
    for (uint64_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        result.primes += workers[i].primes;
        result.done += workers[i].done;
    }
    return result;
}

static void print_row(struct table *table, const char *name, uint64_t threads, struct result r,
                      uint64_t expected, struct took took)
{
    int right = r.made == r.done && r.primes == expected;

    if (!interrupted) /* the seconds of a part of the work have no speed-up */
        row(table, name, threads, r.primes, right, took, "%8" PRIu64 "%8" PRIu64 "\n", r.made,
            r.done);
}

/* Print both rows, or none after Ctrl-C; return what was done last. */
static struct result print_rows(struct table *table, uint64_t threads)
{
    struct took start = start_clock();
    struct result result = sequential();
    uint64_t expected = result.primes;
    print_row(table, "sequential", 1, result, expected, since(start));
    if (!interrupted) {
        start = start_clock();
        result = pipeline(threads);
        print_row(table, "pipeline", threads, result, expected, since(start));
    }
    return result;
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
    signal(SIGINT, interrupt);
    printf("count the primes below %" PRIu64 ", %" PRIu64 " an item; ", n, chunk);
    printf("places in the queue: %" PRIu64 "\n", queue.places);
    struct table table = header("%8s%8s\n", "made", "done");
    struct result result = print_rows(&table, threads);
    if (queue.most)
        printf("\nat most %" PRIu64 " of %" PRIu64 " places in the queue were taken at one time\n",
               queue.most, queue.places);
    if (interrupted)
        printf("stopped by Ctrl-C: %" PRIu64 " items made, %" PRIu64 " done, %" PRIu64 " primes\n",
               result.made, result.done, result.primes);
    return verdict(&table) ? 1 : interrupted ? 128 + SIGINT : 0;
}
