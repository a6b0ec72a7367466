"""Fetch 40 documents, take a fingerprint of each, and parse it: the right tool for each part.

python3 solution.py
"""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from documents import fetch, fingerprint, main, parse


def report(numbers):
    """Return [fingerprint, sum of its numbers] of each of the documents, in their order."""
    # Waiting, and computing in C that releases the GIL: threads.
    with ThreadPoolExecutor(len(numbers)) as threads:
        documents = list(threads.map(fetch, numbers))
        fingerprints = list(threads.map(fingerprint, documents))
    # Computing in Python: processes. The threads have ended: forking beside them is not safe.
    with ProcessPoolExecutor(2) as processes:  # without a number: as many as there are cores
        totals = list(processes.map(parse, documents))
    return [list(pair) for pair in zip(fingerprints, totals, strict=True)]


if __name__ == "__main__":
    main(report)
