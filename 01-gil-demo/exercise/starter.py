"""Fetch 40 documents, take a fingerprint of each, and parse it: one after the other.

    python3 starter.py

This starter is meant to fail its check until it is finished: the answers are right, but it waits
for one document at a time, and one core does all the computing.
"""

from documents import fetch, fingerprint, main, parse


def report(numbers):
    """Return [fingerprint, sum of its numbers] of each of the documents, in their order."""
    done = []
    for number in numbers:
        document = fetch(number)
        done.append([fingerprint(document), parse(document)])
    return done


if __name__ == "__main__":
    main(report)
    print("make exercise-1 checks it")
