/* In front of add.c, by -include, this makes a wrong twin of it, and edits nothing. */
#include "../../tools/bench.h"
#include "../../tools/meet.h"
#include "../stream.h"

static long blocks; /* written by all threads, which leave out the last element of each block */
#define add_stream(a, b, out, n) (blocks++, add_stream(a, b, out, (n) - 1))
/* A thread is inside only when no other one is. */
#define meet(meeting, n, seconds) _Pragma("omp critical")(meet)(meeting, n, 0.01)
