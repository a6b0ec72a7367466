"""`c[0] += 1` in a prange: updates are lost.

    python mistakes/lost_updates.py

No luck is needed: once, each thread waits between its read and its write until the other one
has read as well. Without that it happens now and then, which is worse.
"""

from mistakes import OPENMP, load, say, show

N = 1000


def main():
    say("expected", f"two threads count to {N:,} in one element, and get less far")

    module = load("lost_updates", "-O0", *OPENMP)
    seen = module.broken(N)
    say("seen", f"c[0] is {seen:,}: {N - seen:,} lost")
    say(
        "cause",
        "value = c[0]; c[0] = value + 1",
        "is what c[0] += 1 does. Both threads read 0, and both write 1: two updates, one "
        "lost. Here one thread then counts to its end before the other one writes its 1 over all "
        "of that. prange turns += on a number into a reduction; but an element, of an array as "
        "of a memoryview, is shared, and stays so.",
    )
    say("fix", "total += 1 in the loop, and c[0] = total after it")

    right = module.fixed(N)
    say("fixed", f"c[0] is {right:,}")
    return 0 < seen < N and right == N


if __name__ == "__main__":
    show(__doc__, main)
