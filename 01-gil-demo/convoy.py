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

import hashlib
import multiprocessing
import statistics
import sys
import threading
import time

from bench import header, read_options, row, run, stopwatch, verdict

PAUSE = 0.001  # seconds


def ask(connection, n):
    """Be the client: ask n times for the next number; send back how long each answer took."""
    connection.send_bytes(b"here")
    connection.recv_bytes()  # wait until the threads beside the server run
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


def start_rival(compute, stop):
    """Start a thread that computes until it is stopped; return it once it runs."""
    running = threading.Event()
    thread = threading.Thread(target=compute, args=(running, stop), daemon=True)
    thread.start()
    running.wait()
    return thread


def serve(n, rivals):
    """Answer n requests beside threads that run the functions in rivals.

    Returns the number of right answers, the seconds each took, and what all of it took.
    """
    fork = multiprocessing.get_context("fork")  # safe here: there are no other threads yet
    connection, far_end = fork.Pipe()
    client = fork.Process(target=ask, args=(far_end, n), daemon=True)
    client.start()
    far_end.close()
    connection.recv_bytes()  # the client is here
    stop = threading.Event()
    threads = [start_rival(compute, stop) for compute in rivals]
    with stopwatch() as took:
        connection.send_bytes(b"go")
        while request := connection.recv_bytes():
            connection.send_bytes(b"%d" % (int(request) + 1))
    right, seconds = connection.recv()
    stop.set()
    for worker in [client, *threads]:
        worker.join()
    return right, seconds, took


def main():
    args = read_options(__doc__, n=(100, 10, 10**6, "requests"))
    default = sys.getswitchinterval()
    versions = {
        "quiet": ([], default),
        "1-python": ([compute_in_python], default),
        "2-python": ([compute_in_python] * 2, default),
        "1-python-0.5ms": ([compute_in_python], 0.0005),
        "1-released": ([compute_released], default),
    }
    print(f"{args.n:,} requests to one thread, 1 ms after each answer; ms of a round trip")
    header("median-ms", "p99-ms")
    for version, (rivals, interval) in versions.items():
        sys.setswitchinterval(interval)
        answer, seconds, took = serve(args.n, rivals)
        median = statistics.median(seconds) * 1e3
        p99 = statistics.quantiles(seconds, n=100, method="inclusive")[-1] * 1e3
        cells = f"{median:>9.3f}", f"{p99:.3f}"
        row(version, 1 + len(rivals), answer, answer == args.n, took, *cells)
    verdict()


if __name__ == "__main__":
    run(main)
