"""What probe.py asks on one thread: answers, errors, and what a call leaves behind."""

import contextlib
import ctypes
import math
import random
import sys
from array import array

N = 1000
CALLS = 10_000
# Every way out of dot(): the call, what it raises, the argument that the message is to name.
WRONG = (
    ("dot()", TypeError, ""),
    ("dot(a)", TypeError, ""),
    ("dot(a, b, a)", TypeError, ""),
    ("dot('text', b)", TypeError, "a"),
    ("dot(a, 'text')", TypeError, "b"),
    ("dot(None, b)", TypeError, "a"),
    ("dot(a, None)", TypeError, "b"),
    ("dot(ints, b)", TypeError, "a"),
    ("dot(a, ints)", TypeError, "b"),
    ("dot(a, table)", TypeError, "b"),
    ("dot(a, every_other)", TypeError, "b"),
    ("dot(a, unaligned)", TypeError, "b"),
    ("dot(a, shorter)", ValueError, "b"),
    ("dot(shorter, b)", ValueError, "b"),
)
EVERY_WAY_OUT = "dot(a, b)", *(call for call, *_ in WRONG)


def doubles(n):
    return array("d", [random.uniform(-1, 1) for _ in range(n)])


def arguments():
    """Return what the calls in WRONG talk about."""
    return {
        "a": doubles(N),
        "b": doubles(N),
        "shorter": doubles(N - 1),
        "ints": array("q", range(N)),
        "table": memoryview(doubles(N)).cast("B").cast("d", (N // 2, 2)),
        "every_other": memoryview(doubles(2 * N))[::2],
        "unaligned": memoryview(bytearray(8 * N + 1))[1:].cast("d"),
    }


def calls(dot, _):
    """Take every way out once: the harness and Python's development mode complain by themselves."""
    names = arguments()
    for call in EVERY_WAY_OUT:
        with contextlib.suppress(Exception):
            eval(call, {"dot": dot}, names)


def pairs():
    """Yield (what they are, x, y): arguments that have an answer."""
    for n in (0, 1, 2, 7, N):
        yield f"arrays of length {n:,}", doubles(n), doubles(n)
    a, b = doubles(N), doubles(N)
    yield "one array, twice", a, a
    yield "read-only memory", memoryview(a).toreadonly(), memoryview(b).toreadonly()
    with contextlib.suppress(ImportError):
        import numpy as np  # noqa: PLC0415

        yield "NumPy arrays", np.array(a), np.array(b)


def is_right(answer, x, y):
    products = [i * j for i, j in zip(x, y, strict=True)]
    error = abs(answer - math.fsum(products))
    return error <= 1e-12 * math.fsum(map(abs, products))  # NaN is not


def answers(dot, harness):
    visits = ctypes.c_long.in_dll(harness, "check_visits")
    for what, x, y in pairs():
        visits.value = 0
        answer = dot(x, y)
        if visits.value != len(x):
            return f"PRODUCT was used {visits.value} times, not {len(x)}, for {what}"
        if type(answer) is not float:
            return f"{what}: expected a float, not {answer!r}"
        if not is_right(answer, x, y):
            return f"{what}: {answer!r} is not the sum of a[i] * b[i]"
    return None


def errors(dot, _):
    names = arguments()
    for call, expected, name in WRONG:
        try:
            answer = eval(call, {"dot": dot}, names)
        except Exception as error:
            if type(error) is not expected:
                return f"{call}: expected {expected.__name__}, not {type(error).__name__}: {error}"
            if name and not str(error).startswith(f"{name}: "):
                return f"{call}: its message begins with '{name}: ' in the starter; here: {error}"
        else:
            return f"{call}: expected {expected.__name__}, not the answer {answer!r}"
    return None


def references(names):
    return {name: sys.getrefcount(value) for name, value in names.items()}


def call_often(dot, code, names):
    scope = {"dot": dot}
    for _ in range(CALLS):
        try:  # noqa: SIM105 - suppress() takes longer than the call
            eval(code, scope, names)
        except Exception:
            pass


def leaks(dot, harness):
    names = arguments()
    taken = ctypes.c_long.in_dll(harness, "check_blocks")
    for call in EVERY_WAY_OUT:
        code = compile(call, "call", "eval")  # the first one makes objects that stay
        blocks = sys.getallocatedblocks() + taken.value
        before = references(names)
        call_often(dot, code, names)
        for name in "a", "b", "shorter", "ints":
            try:
                names[name].append(names[name].pop())
            except BufferError:
                return f"after {call}, {name} can never be resized again; release its buffer"
        for name, count in references(names).items():
            if count != before[name]:
                return f"after {call}, {name} has {count - before[name]:+} references too many"
        blocks = sys.getallocatedblocks() + taken.value - blocks
        if blocks > CALLS // 10:
            return f"{CALLS:,} calls of {call} leave {blocks:,} blocks of memory behind"
    return None
