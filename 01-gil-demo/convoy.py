"""A thread that computes makes a thread that answers requests wait, and what helps.

    python3 convoy.py

A client in another process sends small requests over a pipe, 1 ms after each answer. One thread
here answers them. To wait for a request, it lets go of the GIL. A thread that computes takes the
GIL then, and gives it up when the other thread has waited for a switch interval (5 ms).
"""

import hashlib
import multiprocessing
import statistics
import sys
import threading
import time

from bench import header, read_options, row, run, stopwatch, verdict

BUFFER = bytes(2**20)


def ask(connection, n):
    """Be the client: ask n times for the next number; send back how long each answer took."""
    seconds, right = [], 0
    for i in range(n):
        time.sleep(0.001)
        start = time.perf_counter()
        connection.send(i)
        right += connection.recv() == i + 1
        seconds.append(time.perf_counter() - start)
    connection.send(None)
    connection.send((right, seconds))


def answer(connection):
    """Answer requests until there are no more: the other thread."""
    while (number := connection.recv()) is not None:
        connection.send(number + 1)


def compute_in_python():
    x = 0
    for i in range(1000):
        x += i


def serve(n, compute):
    """Compute while another thread answers n requests; return what the client saw, and the time."""
    fork = multiprocessing.get_context("fork")  # safe here: there are no other threads yet
    connection, far_end = fork.Pipe()
    client = fork.Process(target=ask, args=(far_end, n), daemon=True)
    client.start()
    far_end.close()
    thread = threading.Thread(target=answer, args=(connection,), daemon=True)
    with stopwatch() as took:
        thread.start()
        while thread.is_alive():
            compute()
    seen = connection.recv()  # how many answers were right, and the seconds that each took
    client.join()
    return *seen, took


def main():
    args = read_options(__doc__, n=(100, 10, 10**6, "requests"))
    versions = {  # what the other thread does, and the switch interval in seconds
        "quiet": (lambda: time.sleep(0.01), 0.005),
        "beside-python": (compute_in_python, 0.005),
        "0.5-ms": (compute_in_python, 0.0005),
        "beside-hash": (lambda: hashlib.sha256(BUFFER), 0.005),  # it releases the GIL
    }
    print(f"{args.n:,} requests to one thread; milliseconds until an answer is there")
    header("median-ms", "p99-ms")
    for version, (compute, interval) in versions.items():
        sys.setswitchinterval(interval)
        answer, seconds, took = serve(args.n, compute)
        median = statistics.median(seconds) * 1e3
        p99 = statistics.quantiles(seconds, n=100, method="inclusive")[-1] * 1e3
        cells = f"{median:>9.3f}", f"{p99:.3f}"
        row(version, 2, answer, answer == args.n, took, *cells)
    verdict()


if __name__ == "__main__":
    run(main)
