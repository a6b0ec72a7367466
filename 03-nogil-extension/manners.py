"""What a call that runs without the GIL must still get right: Ctrl-C, buffers, callbacks.

    python manners.py

Each is shown with _primes (primesmodule.c) and with primes_cython (primes.pyx).
"""

import os
import signal
import threading
import time

from bench import built, fail, read_options, run

with built():
    import _primes
    import primes_cython

MODULES = ("C", _primes), ("Cython", primes_cython)


def interrupted(count, hi):
    """Press Ctrl-C while count(0, hi) runs; say when KeyboardInterrupt came."""
    pressed, answer = [], []

    def press():
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(0.1, press).start()
    try:
        answer.extend(map(count, [0], [hi]))  # no bytecode between the call and the list
        time.sleep(60)  # only if the call was over before the key was pressed
    except KeyboardInterrupt:
        late = (time.perf_counter() - pressed[0]) * 1000
        return f"KeyboardInterrupt {late:.0f} ms later{', at its end' if answer else ''}"
    return fail(1, "wrong: Ctrl-C had no effect")


def refused_resize(module):
    """Resize a bytearray while another thread sums it; return the error that this raises.

    The sum must be under way just then, so it is tried until it was.
    """
    data = bytearray(b"\1") * 50_000_000
    for _ in range(100):
        module.reset_inside()
        total = []
        thread = threading.Thread(target=lambda: total.append(module.sum_buffer(data)))  # noqa: B023
        thread.start()
        try:
            while thread.is_alive():
                if module.inside():
                    data.pop()
                    data.append(1)
        except BufferError as error:
            return error
        finally:
            thread.join()
            if total != [50_000_000]:
                fail(1, f"wrong: the sum is {total}, expected 50000000")
    return fail(1, "wrong: resizing was allowed all the time")


def carried(module):
    """Raise in a callback; return what for_each raised, and whether another thread called back."""
    threads = set()

    def callback(prime):
        threads.add(threading.get_ident())
        if prime == 7:
            raise LookupError(prime)

    try:
        module.for_each(0, 100, callback)
    except LookupError as error:
        return error, threads != {threading.get_ident()}
    return fail(1, "wrong: the exception got lost")


def main():
    read_options(__doc__)
    print("what a call that runs without the GIL must still get right\n", flush=True)
    # As Python does by itself, unless it was started with SIGINT ignored: a script's `make &`.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(f"Ctrl-C in count                    C: {interrupted(_primes.count, 3_000_000)}")
    for name, module in MODULES:
        when = interrupted(module.count_interruptible, 10**12)
        print(f"Ctrl-C in count_interruptible {name:>6}: {when}")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # from here on it ends the program again
    for name, module in MODULES:
        why, _, _ = str(refused_resize(module)).partition(":")
        print(f"resize what sum_buffer reads  {name:>6}: BufferError: {why}")
    for name, module in MODULES:
        error, elsewhere = carried(module)
        where = "from a native thread" if elsewhere else "in the calling thread"
        print(f"raise in for_each's callback  {name:>6}: {error!r}, {where}")


if __name__ == "__main__":
    run(main)
