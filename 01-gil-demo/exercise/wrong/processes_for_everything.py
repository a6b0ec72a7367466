"""Wrong: each process waits for one document at a time, and waiting needs no process."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial

from documents import fetch, fingerprint, main, parse


def work(address, number):
    document = fetch(address, number)
    return [fingerprint(document), parse(document)]


def report(address, numbers):
    with ProcessPoolExecutor(4) as processes:
        return list(processes.map(partial(work, address), numbers))


if __name__ == "__main__":
    main(report)
