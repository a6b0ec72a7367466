/* Wrong ways to finish the exercise, for the tests. CFLAGS change the solution: what it calls, and
 * words in its pragmas, where the compiler replaces macros too. */
#include "train_on.h"
#include <stdlib.h>

#define train solution
#define train_on(block, own) TRAIN(block, own)
#define set_weight(weight, mean) SET(weight, mean)
#include "solution.c"
#undef train

void train(size_t blocks, int threads, size_t every, int epochs, float *answer)
{
    CALL;
}
