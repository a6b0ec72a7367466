"""Files that are there in full or not at all."""

import os


def store(path, write):
    """Let write(a path beside it) make a file, and only then give it its name.

    A link stays a link. Raises OSError where the name is that of a device or a folder.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise OSError(0, "not a regular file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
