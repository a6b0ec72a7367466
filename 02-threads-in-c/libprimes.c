/* The library that primes.py loads: plain C, which knows nothing of Python and its lock. Its
 * function is not static, so that ctypes finds it.
 *
 *     mkdir -p build && cc -O2 -shared -fPIC libprimes.c -o build/libprimes.so
 */
#include "count_primes.h"

uint64_t primes_between(uint64_t low, uint64_t high)
{
    return count_primes(low, high);
}
