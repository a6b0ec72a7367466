"""What a call that runs without the GIL must still get right: Ctrl-C, buffers, callbacks.

    python manners.py

The functions are in manners_module.c, and for_each is in primes.pyx as well.
"""

import signal
import threading
import time

from bench import built, fail, read_options, run

with built():
    import _count
    import _manners
    import primes_cython


def interrupted(count, hi):
    """Press Ctrl-C 0.1 s after count(0, hi) began; say when and where KeyboardInterrupt came."""
    answer, begin = [], time.perf_counter()
    threading.Timer(0.1, signal.pthread_kill, (threading.get_ident(), signal.SIGINT)).start()
    try:
        answer.extend(map(count, [0], [hi]))  # no bytecode is between the call and the list
        time.sleep(60)  # if the call was over before the key was pressed
    except KeyboardInterrupt:
        late, where = time.perf_counter() - begin - 0.1, "at its end" if answer else "in the middle"
        return f"KeyboardInterrupt {late * 1000:.0f} ms later, {where}"
    return fail(1, "wrong: Ctrl-C had no effect")


def refused_resize():
    """Resize a bytearray until another thread happens to sum it; return the error."""
    data, sums = bytearray(b"\1") * 50_000_000, []
    for _ in range(100):
        thread = threading.Thread(target=lambda: sums.append(_manners.sum_buffer(data)))
        thread.start()
        try:
            while thread.is_alive():
                data.append(0)  # changes no sum
                data.pop()
        except BufferError as error:
            return error
        finally:
            thread.join()
            sums.pop() == 50_000_000 or fail(1, "wrong: the sum of the bytes")
    return fail(1, "wrong: resizing was allowed all the time")


def carried(module):
    """Raise in a callback; return the error that comes out of for_each."""

    def callback(prime):
        if prime == 7:
            own = threading.current_thread() is threading.main_thread()
            raise LookupError(f"in {'the calling' if own else 'a native'} thread")

    try:
        module.for_each(0, 100, callback)
    except LookupError as error:
        return error
    return fail(1, "wrong: the exception got lost")


def main():
    read_options(__doc__)
    print("what a call that runs without the GIL must still get right\n")
    # As Python does by itself, unless it was started with SIGINT ignored: a script's `make &`.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print("Ctrl-C in released:           ", interrupted(_count.released, 3_000_000))
    print("Ctrl-C in count_interruptible:", interrupted(_manners.count_interruptible, 10**12))
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # from here on it ends the program again
    print("resize what sum_buffer reads:  BufferError:", str(refused_resize()).partition(":")[0])
    print("raise in a callback, C:       ", repr(carried(_manners)))
    print("raise in a callback, Cython:  ", repr(carried(primes_cython)))


if __name__ == "__main__":
    run(main)
