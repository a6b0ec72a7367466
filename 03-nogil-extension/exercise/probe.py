"""Try the dot(a, b) that check.py has compiled, in a process of its own: it may crash or hang.

    probe.py FOLDER NUMBER

For each claim it prints the number and what was seen against it, and ends with the first such.
"""

import contextlib
import ctypes
import math
import os
import random
import sys
import threading
from array import array
from importlib import import_module

CALLS, MANY = 2000, 100_000  # so many doubles are worth a release by anybody's rule
BAD = {"'text'": TypeError, "None": TypeError, "ints": TypeError, "table": TypeError}
BAD |= {"every_other": BufferError, "shorter": ValueError, "unaligned": TypeError}
WRONG = {"dot()": TypeError, "dot(a)": TypeError, "dot(a, b, a)": TypeError}
WRONG |= {f"dot({name}, b)": error for name, error in BAD.items()}
WRONG |= {f"dot(a, {name})": error for name, error in BAD.items()}


def doubles(n):
    return array("d", [random.uniform(-1, 1) for _ in range(n)])


def arguments():
    """Return what the calls in WRONG talk about."""
    names = {"a": doubles(8), "b": doubles(8), "shorter": doubles(7), "ints": array("q", [1] * 8)}
    table = memoryview(doubles(8)).cast("B").cast("d", (4, 2))
    names["unaligned"] = memoryview(bytearray(72))[1:65].cast("d")
    return names | {"table": table, "every_other": memoryview(doubles(16))[::2]}


def answers(dot, harness):
    a, pairs = doubles(1000), [(doubles(n), doubles(n)) for n in (0, 1, 2, 7, 1000)]
    for x, y in [*pairs, (a, a), (memoryview(a).toreadonly(), a)]:
        harness("visits").value = 0
        answer, products = dot(x, y), [i * j for i, j in zip(x, y, strict=True)]
        if (steps := harness("visits").value) != len(x):
            hint = "does it end in time?" if steps > len(x) else "does it use PRODUCT?"
            yield f"for {len(x)} doubles the loop took {steps} steps; {hint}"
        error = abs(answer - math.fsum(products))
        if not error <= 1e-12 * math.fsum(map(abs, products)):  # NaN is not, either
            yield f"{answer!r} is not the sum of a[i] * b[i] for {len(x)} doubles"


def errors(dot, _):
    for call, expected in WRONG.items():
        try:
            seen = f"the answer {eval(call, {'dot': dot}, arguments())!r}"
        except Exception as error:
            seen = f"{type(error).__name__}: {error}"
        if not seen.startswith(expected.__name__):
            yield f"{call}: expected {expected.__name__}, as in the starter, not {seen}"


def leaks(dot, harness):
    for call in "dot(a, b)", *WRONG:
        names, code = arguments(), compile(call, "call", "eval")
        blocks = sys.getallocatedblocks() + harness("blocks").value
        counts = {name: sys.getrefcount(names[name]) for name in names}
        for _ in range(CALLS):
            with contextlib.suppress(Exception):
                eval(code, {"dot": dot}, names)
        left = {f"references to {n}": sys.getrefcount(names[n]) - counts[n] for n in names}
        left["blocks of memory"] = sys.getallocatedblocks() + harness("blocks").value - blocks
        for what, n in left.items():
            if n > CALLS // 2:
                yield f"{CALLS} calls of {call} leave {n} {what} behind; does it give all back?"


def meeting(dot, harness):
    harness("wanted").value, harness("held").value, harness("releases").value = 2, 0, 0
    thread = threading.Thread(target=dot, args=(doubles(MANY), doubles(MANY)))
    thread.start()
    dot(doubles(MANY), doubles(MANY))
    thread.join()
    if harness("held").value:
        yield "the loop holds the GIL; put it between Py_BEGIN_ and Py_END_ALLOW_THREADS"
    if not harness("wanted").value:
        yield "the GIL is released, but no second thread came to the loop; what else is locked?"
    if (releases := harness("releases").value // 2) > MANY // 100:
        yield f"the GIL is released {releases} times for {MANY} doubles; once is enough"


def resizing(dot, harness):
    arrays = {"a": doubles(MANY), "b": doubles(MANY)}
    harness("wanted").value = 3  # as many do not come: the thread stays in the loop
    thread = threading.Thread(target=dot, args=tuple(arrays.values()))
    thread.start()
    while thread.is_alive() and not harness("room").value:
        thread.join(0.001)
    for name, values in arrays.items():
        with contextlib.suppress(BufferError):
            values.append(1.0)
            yield f"{name} could be resized during the call; hold its buffer (copies do not count)"


def main():
    folder, number = sys.argv[1:]
    sys.path.insert(0, folder)
    dot, library = import_module("dot").dot, ctypes.CDLL(f"{folder}/dot.so")
    for ask in answers, errors, leaks, meeting, resizing:
        problem = next(ask(dot, lambda name: ctypes.c_int.in_dll(library, f"check_{name}")), "")
        print(number, problem, flush=True)
        if problem:
            break
    os._exit(0)  # a thread may still wait in the loop


main()
