"""Put one question to a compiled dot(a, b), in a process of its own: it may crash or hang.

    probe.py QUESTION MODULE

For check.py, which compiles MODULE together with harness.h. Ends with 0, or with 1 and one line
that says what was seen, and a hint.
"""

import contextlib
import ctypes
import math
import os
import random
import signal
import sys
import threading
import time
from array import array
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader

N = 1000
MANY = 100_000  # long enough for any rule that a loop be worth it
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


def load(path):
    """Import the module at path as dot."""
    loader = ExtensionFileLoader("dot", path)
    module = module_from_spec(spec_from_loader("dot", loader))
    loader.exec_module(module)
    return module


def doubles(n):
    return array("d", [random.uniform(-1, 1) for _ in range(n)])


def fail(message):
    """End here, also when a thread is still waiting in the loop."""
    print(message, flush=True)
    os._exit(1)


def arguments(dot):
    """Return what the calls in WRONG talk about."""
    a, b = doubles(N), doubles(N)
    return {
        "dot": dot,
        "a": a,
        "b": b,
        "shorter": doubles(N - 1),
        "ints": array("q", range(N)),
        "table": memoryview(doubles(N)).cast("B").cast("d", (N // 2, 2)),
        "every_other": memoryview(doubles(2 * N))[::2],
        "unaligned": memoryview(bytearray(8 * N + 1))[1:].cast("d"),
    }


def is_right(answer, x, y):
    products = [i * j for i, j in zip(x, y, strict=True)]
    error = abs(answer - math.fsum(products))
    return error <= 1e-12 * math.fsum(map(abs, products))  # NaN is not


def calls(dot, _):
    """Take every way out once: the harness and Python's development mode complain by themselves."""
    names = arguments(dot)
    for call in "dot(a, b)", *(call for call, *_ in WRONG):
        with contextlib.suppress(Exception):
            eval(call, names)


def answers(dot, harness):
    pairs = {f"arrays of length {n:,}": (doubles(n), doubles(n)) for n in (0, 1, 2, 7, N)}
    a, b = doubles(N), doubles(N)
    pairs["one array, twice"] = a, a
    pairs["read-only memory"] = memoryview(a).toreadonly(), memoryview(b).toreadonly()
    with contextlib.suppress(ImportError):
        import numpy as np  # noqa: PLC0415

        pairs["NumPy arrays"] = np.array(a), np.array(b)
    visits = ctypes.c_long.in_dll(harness, "check_visits")
    for what, (x, y) in pairs.items():
        visits.value = 0
        answer = dot(x, y)
        if visits.value != len(x):
            fail(f"PRODUCT was used {visits.value} times for {what}; leave it in the loop")
        if type(answer) is not float:
            fail(f"{what}: expected a float, not {answer!r}")
        if not is_right(answer, x, y):
            fail(f"{what}: {answer!r} is not the sum of a[i] * b[i]")


def errors(dot, _):
    names = arguments(dot)
    for call, expected, name in WRONG:
        try:
            answer = eval(call, names)
        except Exception as error:
            if type(error) is not expected:
                fail(f"{call}: expected {expected.__name__}, not {type(error).__name__}: {error}")
            if name and not str(error).startswith(f"{name}: "):
                fail(f"{call}: its message begins with '{name}: ' in the starter; here: {error}")
        else:
            fail(f"{call}: expected {expected.__name__}, not the answer {answer!r}")


def references(objects):
    return {name: sys.getrefcount(value) for name, value in objects.items()}


def leaks(dot, harness):
    names = arguments(dot)
    objects = {name: value for name, value in names.items() if value is not dot}
    arrays = [name for name, value in objects.items() if isinstance(value, array)]
    blocks = ctypes.c_long.in_dll(harness, "check_blocks")
    for call in "dot(a, b)", *(call for call, *_ in WRONG):
        code = compile(call, "call", "eval")
        memory = sys.getallocatedblocks() + blocks.value
        before = references(objects)
        for _ in range(CALLS):
            try:  # noqa: SIM105 - suppress() takes longer than the call
                eval(code, names)
            except Exception:
                pass
        for name in arrays:
            try:
                names[name].append(names[name].pop())
            except BufferError:
                fail(f"after {call}, {name} can never be resized again; release its buffer")
        for name, count in references(objects).items():
            if count != before[name]:
                fail(f"after {call}, {name} has {count - before[name]:+} references too many")
        memory = sys.getallocatedblocks() + blocks.value - memory
        if memory > CALLS // 10:
            fail(f"{CALLS:,} calls of {call} leave {memory:,} blocks of memory behind")


def waiting(harness, threads, patience):
    """Let threads wait in the loop until so many are there; return [now in there, most ever]."""
    ctypes.c_double.in_dll(harness, "check_patience").value = patience
    ctypes.c_int.in_dll(harness, "check_wanted").value = threads
    return (ctypes.c_int * 2).in_dll(harness, "check_room")


def meeting(dot, harness):
    a, b = doubles(MANY), doubles(MANY)
    room = waiting(harness, 2, float(os.environ.get("CHECK_PATIENCE", "20")))
    threads = [threading.Thread(target=dot, args=(a, b)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if ctypes.c_int.in_dll(harness, "check_held").value:
        fail("the loop holds the GIL; put it between Py_BEGIN_ and Py_END_ALLOW_THREADS")
    if room[1] < 2:
        fail("the GIL is released, but no second thread came to the loop; what else is locked?")
    releases = ctypes.c_long.in_dll(harness, "check_releases").value // 2
    if releases > MANY // 100:
        fail(f"the GIL is released {releases:,} times for {MANY:,} doubles; once is enough")


def resizing(dot, harness):
    a, b = doubles(MANY), doubles(MANY)
    room = waiting(harness, 2, 120)
    thread = threading.Thread(target=dot, args=(a, b))
    thread.start()
    while thread.is_alive() and not room[0]:
        time.sleep(0.001)
    if not room[0]:
        fail("nobody else can try, as long as the GIL is held")
    for name, values in ("a", a), ("b", b):
        try:
            values.append(1.0)
        except BufferError:
            continue
        fail(f"{name} was resized during the call; hold its buffer until the loop is done")
    harness.check_enter()
    thread.join()


def timing(dot, _):
    """Print the seconds that 400 calls take on one thread and on two, the best of five each."""
    a, b = doubles(50_000), doubles(50_000)

    def some(share):
        for _ in range(share):
            dot(a, b)

    def seconds(threads):
        pool = [threading.Thread(target=some, args=(400 // threads,)) for _ in range(threads)]
        start = time.perf_counter()
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()
        return time.perf_counter() - start

    print("seconds", *(min(seconds(threads) for _ in range(5)) for threads in (1, 2)))


def main():
    signal.alarm(600)  # ends it, should check.py not be there any more to do so
    question, path = sys.argv[1:]
    harness = ctypes.CDLL(path)
    if question != "timing":
        has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
        ctypes.c_int.in_dll(harness, "check_gil").value = has_gil
    globals()[question](load(path).dot, harness)


if __name__ == "__main__":
    main()
