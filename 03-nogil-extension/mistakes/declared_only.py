"""A function declared `nogil` keeps the GIL all the same.

    python mistakes/declared_only.py

Two threads call it, and each waits inside for the other. No clock decides: while the GIL is held
nobody else can come in, however long the first one waits.
"""

from concurrent.futures import ThreadPoolExecutor

from mistakes import load, say, show


def met(module, function, timeout):
    """Let two threads call the function; return the highest number that was inside."""
    module.reset()
    with ThreadPoolExecutor(2) as pool:
        return max(pool.map(function, [timeout] * 2))


def main():
    say("expected", "two threads call declared(), and never more than 1 of 2 is inside")

    module = load("declared_only")
    declared = met(module, module.declared, 0.2)  # in vain, so not for long
    released = met(module, module.released, 60)  # ends when both are there

    say("seen", f"{declared} of 2 threads inside declared() at once")
    say(
        "cause",
        "cpdef int declared(double timeout) noexcept nogil:",
        "is a permission: code that has no GIL may call this. It releases nothing, and a "
        "caller from Python comes in with the GIL.",
    )
    say("fix", "with nogil:", "around the loop, in the function that Python calls")
    say("fixed", f"{released} of 2 threads inside released() at once")
    return (declared, released) == (1, 2)


if __name__ == "__main__":
    show(__doc__, main)
