"""A thread that computes makes a thread that answers wait: latency, and what helps.

    python3 convoy.py

A client in another process sends small requests over a socket pair, 1 ms after each answer; one
thread here answers them. A call that has to wait gives the GIL away, and getting it back from a
thread that computes takes a switch interval (5 ms).

quiet           nothing else runs
1-python        beside a thread that computes in pure Python
2-python        beside two of them
1-python-0.5ms  beside one, with a switch interval of 0.5 ms
1-released      beside a thread that computes in C with the GIL released (hashlib)
"""

import argparse
import hashlib
import multiprocessing
import statistics
import sys
import threading
import time

PAUSE = 0.001  # seconds
ROW = "{:<16}{:>8}{:>8}{:>#11.4g}{:>9.3f}{:>7.2f}{:>9.0f}{:>11.3f}{:>9.3f}"


def ask(connection, n):
    """Be the client: ask n times for the next number; send back how long each answer took."""
    connection.send_bytes(b"here")
    seconds, right = [], 0
    for i in range(n):
        time.sleep(PAUSE)
        start = time.perf_counter()
        connection.send_bytes(b"%d" % i)
        answer = connection.recv_bytes()
        seconds.append(time.perf_counter() - start)
        right += answer == b"%d" % (i + 1)
    connection.send_bytes(b"")
    connection.send((right, seconds))


def compute_in_python(running, stop):
    x = 0
    while not stop.is_set():
        for i in range(1000):
            x += i
        running.set()


def compute_released(running, stop):
    data = bytes(2**20)  # hashlib lets go of the GIL for anything longer than 2047 bytes
    while not stop.is_set():
        hashlib.sha256(data)
        running.set()


def serve(n, rivals):
    """Answer n requests beside threads that run the functions in rivals.

    Returns the number of right answers, the seconds each took, and the wall and CPU seconds.
    """
    connection, far_end = multiprocessing.Pipe()
    client = multiprocessing.Process(target=ask, args=(far_end, n))
    client.start()
    far_end.close()
    stop = threading.Event()
    threads = []
    try:
        for rival in rivals:
            running = threading.Event()
            thread = threading.Thread(target=rival, args=(running, stop))
            thread.start()
            threads.append(thread)
            running.wait()
        connection.recv_bytes()  # the client is here
        wall, cpu = time.perf_counter(), time.process_time()
        while request := connection.recv_bytes():
            connection.send_bytes(b"%d" % (int(request) + 1))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        right, seconds = connection.recv()
    except BaseException:
        client.terminate()
        raise
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        client.join()
        connection.close()
    return right, seconds, wall, cpu


def whole(low, high):
    """Make an argparse type: a whole number from low to high."""

    def parse(text):
        digits = text.isascii() and text.isdigit() and len(text) < 20
        if not (digits and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(
                f"{text!r}: expected a whole number from {low} to {high}"
            )
        return int(text)

    return parse


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__.split("\n")[0])
    parser.add_argument(
        "-n",
        type=whole(10, 10**6),
        default=100,
        help="requests, at least 10 (default: %(default)s)",
    )
    args = parser.parse_args()

    print(f"{args.n:,} requests to one thread; times of a round trip as the client sees them")
    print(
        f"{'version':<16}{'threads':>8}{'answer':>8}{'seconds':>11}{'speedup':>9}{'busy':>7}"
        f"{'trips/s':>9}{'median-ms':>11}{'p99-ms':>9}"
    )
    base = wrong = 0
    default = sys.getswitchinterval()
    for name, rivals, interval in (
        ("quiet", [], default),
        ("1-python", [compute_in_python], default),
        ("2-python", [compute_in_python] * 2, default),
        ("1-python-0.5ms", [compute_in_python], 0.0005),
        ("1-released", [compute_released], default),
    ):
        sys.setswitchinterval(interval)
        try:
            answer, seconds, wall, cpu = serve(args.n, rivals)
        except (RuntimeError, OSError, EOFError) as error:
            sys.exit(f"convoy.py: cannot run: {str(error) or 'the client ended early'}")
        base = base or wall
        wrong += answer != args.n
        median = statistics.median(seconds)
        p99 = statistics.quantiles(seconds, n=100, method="inclusive")[-1]
        print(
            ROW.format(
                name,
                1 + len(rivals),
                answer,
                wall,
                base / wall,
                cpu / wall,
                args.n / sum(seconds),
                median * 1e3,
                p99 * 1e3,
            ),
            flush=True,
        )
    if wrong:
        sys.exit(f"convoy.py: wrong answers in {wrong} rows, expected {args.n} right ones")


if __name__ == "__main__":
    main()
