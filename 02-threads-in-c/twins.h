/* Wrong twins of this chapter's programs, for the tests: one of these macros, and this file in
 * front of a program by -include. It replaces what the program calls, and edits nothing.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#ifdef SHORT /* left out: the last number, the one behind each chunk, the first item */
#include "../tools/bench.h"
#include "bounded_queue.h"
#define cut(total, shares, i) cut((total) - ((shares) > 1), shares, i)
#undef atomic_fetch_add
#define atomic_fetch_add(at, by) atomic_fetch_add_explicit(at, (by) + 1, memory_order_seq_cst)
#define put(item) ((item) ? put(item) : (void)0)
#endif

#ifdef PLAIN /* counters that are not atomic */
#undef atomic_load_explicit
#undef atomic_store_explicit
#define atomic_load_explicit(at, order) (*(uint64_t *)(at))
#define atomic_store_explicit(at, value, order) (*(uint64_t *)(at) = (value))
#endif

#ifdef UNLOCKED /* locks that do not lock */
#define pthread_mutex_lock(lock) 0
#define pthread_mutex_unlock(lock) 0
#define pthread_cond_wait(condition, lock) sched_yield()
#endif

#ifdef PRESSES /* Ctrl-C by the worker who takes the item 20 */
#include "bounded_queue.h"
#define take(item) (take(item) && (*(item) != 20 || raise(SIGINT) == 0))
#endif
