"""Wrong: the waits overlap, but parsing is Python and, with a GIL, stays on one core."""

from concurrent.futures import ThreadPoolExecutor

from documents import fetch, fingerprint, main, parse


def report(address, numbers):
    def work(number):
        document = fetch(address, number)
        return [fingerprint(document), parse(document)]

    with ThreadPoolExecutor(len(numbers)) as threads:
        return list(threads.map(work, numbers))


if __name__ == "__main__":
    main(report)
