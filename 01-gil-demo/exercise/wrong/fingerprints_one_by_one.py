"""Wrong: only one fingerprint is computed at a time, although nothing stands in its way."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

from documents import fetch, fingerprint, main, parse


def report(address, numbers):
    with ThreadPoolExecutor(len(numbers)) as threads:
        documents = list(threads.map(partial(fetch, address), numbers))
    with ProcessPoolExecutor(2) as processes:
        totals = list(processes.map(parse, documents))
    return [[fingerprint(doc), total] for doc, total in zip(documents, totals, strict=True)]


if __name__ == "__main__":
    main(report)
