"""Wrong: parsing uses all cores, but each document is waited for before the next is asked for."""

from concurrent.futures import ProcessPoolExecutor

from documents import fetch, fingerprint, main, parse


def report(address, numbers):
    documents = [fetch(address, number) for number in numbers]
    with ProcessPoolExecutor(2) as processes:
        totals = list(processes.map(parse, documents))
    return [[fingerprint(doc), total] for doc, total in zip(documents, totals, strict=True)]


if __name__ == "__main__":
    main(report)
