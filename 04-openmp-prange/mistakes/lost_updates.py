"""`c[0] += 1` in a prange: updates are lost.

    python mistakes/lost_updates.py

No luck is needed: once, each thread waits between its read and its write until the other one
has read as well. Without that it happens now and then, which is worse.
"""

import common
from bench import run

N = 1000


def main():
    common.start(__doc__)
    common.say("expected", f"two threads count to {N:,} in one element, and get less far")

    module = common.load("lost_updates", "-O0", *common.openmp())
    seen = module.broken(N)
    common.say("seen", f"c[0] is {seen:,}: {N - seen:,} lost")
    common.say(
        "cause",
        "value = c[0]; c[0] = value + 1",
        "is what c[0] += 1 does. Both threads read 0, and both write 1: two updates, one "
        "lost. Here one thread then counts to its end before the other one writes its 1 over all "
        "of that. prange turns += on a number into a reduction; but an element, of an array as "
        "of a memoryview, is shared, and stays so.",
    )
    common.say("fix", "total += 1 in the loop, and c[0] = total after it")

    right = module.fixed(N)
    common.say("fixed", f"c[0] is {right:,}")
    common.finish(0 < seen < N and right == N)


if __name__ == "__main__":
    run(main)
