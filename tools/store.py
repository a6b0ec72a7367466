"""Files that are there in full or not at all."""

import os


def store(path, write):
    """Let write(a path beside it) make a file, and only then give it its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
