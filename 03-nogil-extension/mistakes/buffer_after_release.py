"""A buffer is given back, and its memory used after that.

    python mistakes/buffer_after_release.py

In the first child nothing wrong is read: the bytearray is emptied while C has a pointer into it,
and then the call is called off. The second child does read, under AddressSanitizer.
"""

import re

from compiling import address_sanitizer
from mistakes import build, child, say, show

EMPTY = """
import buffer_after_release

def meanwhile():
    data.clear()
    print(f"clear() was allowed: data has {len(data)} bytes, and C is about to read 1000")
    raise SystemExit

data = bytearray(1000)
try:
    buffer_after_release.FUNCTION(data, meanwhile)
except BufferError as error:
    print("clear() raised BufferError:", error)
"""
READ = """
import sanitized

data = bytearray(1000)
print("sum:", sanitized.FUNCTION(data, WHAT))
"""


def read(function, what, variables):
    """Let function read data while what() happens, under AddressSanitizer; return the output."""
    return child(READ.replace("FUNCTION", function).replace("WHAT", what), **variables)[1]


def sanitized():
    """Tell what AddressSanitizer says of broken(), or None where it does not work."""
    flags, variables = address_sanitizer()
    if not flags:
        return None
    build("buffer_after_release", *flags, module="sanitized")
    if read("fixed", "lambda: None", variables) != "sum: 0\n":
        return None
    output = read("broken", "data.clear", variables)
    error = re.search(r"AddressSanitizer: ([\w-]+)", output)
    access = re.search(r"^(READ of size \d+)", output, re.MULTILINE)
    return f"{error[1]}, {access[1]}" if error and access else f"nothing: {output.strip()[-60:]}"


def main():
    say("expected", "a bytearray may be emptied while C still reads its memory")

    build("buffer_after_release")
    broken = child(EMPTY.replace("FUNCTION", "broken"))[1].strip()
    complaint = sanitized()
    say("seen", broken)
    say("", f"AddressSanitizer: {complaint or 'does not work here, so this was not shown'}")
    say(
        "cause",
        "PyBuffer_Release() came before the last use. The pointer is still there, but "
        "nothing tells the bytearray that it must not move or shrink.",
    )
    say("fix", "call PyBuffer_Release() after the last use, and on every way out")

    fixed = child(EMPTY.replace("FUNCTION", "fixed"))[1].strip()
    say("fixed", fixed)
    caught = complaint is None or complaint.startswith("heap-use-after-free, READ")
    allowed = broken.startswith("clear() was allowed: data has 0 bytes")
    return allowed and caught and fixed.startswith("clear() raised BufferError: ")


if __name__ == "__main__":
    show(__doc__, main)
