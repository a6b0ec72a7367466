"""`linetrace=True` was left on: functions that need no GIL take it, at every call.

    python mistakes/linetrace_left_on.py

Nothing is traced here. What decides is how often the GIL is taken, and not the time.
"""

import sys
import time

from mistakes import OPENMP, load, say, show

N = 200_000
SQUARES = sum(i * i for i in range(N))
MACRO = "-DCYTHON_TRACE_NOGIL=1"  # a build for coverage has it


def measure(module, function):
    """Return how often N calls take the GIL, the same in words with their time, and all right."""
    times, right = [], True
    for _ in range(5):
        module.taken()
        start = time.perf_counter()
        right &= function(N) == SQUARES
        times.append(time.perf_counter() - start)
    taken = module.taken()
    return taken, f"GIL taken {taken:,} times; {min(times) / N * 1e9:.1f} ns a call", right


def main():
    say("expected", f"{N:,} calls take the GIL twice each, and nothing asked for it")

    module = load("linetrace_left_on", MACRO, *OPENMP, module="traced")
    inert = load("linetrace_left_on", *OPENMP, module="without_macro")
    before, often, right = measure(module, module.broken)
    say("seen", f"{MACRO}: {often}")
    say("", f"without {MACRO} (Python 3.{sys.version_info[1]}): {measure(inert, inert.broken)[1]}")
    say(
        "cause",
        "each function looks for a tracer when it begins and ends, and needs the GIL for that. "
        "Without the macro it does not, from Python 3.13 on; up to 3.12 its end still does.",
    )
    say(
        "fix",
        "remove the line, and let the coverage run pass -X linetrace=True to cython; or "
        "turn both off for one function: @cython.profile(False), @cython.linetrace(False)",
    )

    after, seldom, right_too = measure(module, module.fixed)
    say("fixed", f"{MACRO}: {seldom}")
    return before >= N and after < 10 and right and right_too


if __name__ == "__main__":
    show(__doc__, main)
