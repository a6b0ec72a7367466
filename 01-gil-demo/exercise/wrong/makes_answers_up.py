"""Wrong: as fast as can be, because most of the answers are made up."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

from documents import fetch, fingerprint, main, parse


def report(address, numbers):
    with ThreadPoolExecutor(len(numbers)) as threads:
        documents = list(threads.map(partial(fetch, address), numbers))
    with ProcessPoolExecutor(2) as processes:
        totals = list(processes.map(parse, documents[:2]))
    answer = [fingerprint(documents[0]), totals[0]]
    return [answer for _ in numbers]


if __name__ == "__main__":
    main(report)
