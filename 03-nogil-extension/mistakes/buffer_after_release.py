"""A buffer is given back, and its memory used after that.

    python mistakes/buffer_after_release.py

In the first child nothing wrong is read: the bytearray is emptied while C has a pointer into it,
and then the call is called off. The second child does read, under AddressSanitizer.
"""

import platform
import re
import sys
from pathlib import Path

import common
from bench import run

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


def runtime():
    """Return the path of the compiler's AddressSanitizer library, or None."""
    names = f"libclang_rt.asan-{platform.machine()}.so", "libclang_rt.asan.so", "libasan.so"
    if sys.platform == "darwin":
        names = ("libclang_rt.asan_osx_dynamic.dylib",)
    for name in names:
        path = common.execute([*common.compiler(), f"-print-file-name={name}"])[1].strip()
        if Path(path).is_absolute():
            return path
    return None


def read(library, function, what):
    """Let function read data while what() happens, under AddressSanitizer; return the output."""
    preload = "DYLD_INSERT_LIBRARIES" if sys.platform == "darwin" else "LD_PRELOAD"
    variables = {preload: library, "PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0"}
    return common.child(READ.replace("FUNCTION", function).replace("WHAT", what), **variables)[1]


def sanitized():
    """Tell what AddressSanitizer says of broken(), or None where it does not work."""
    library = runtime()
    if library is None:
        return None
    source = common.HERE / "buffer_after_release.c"
    common.build(source, "-fsanitize=address", "-fno-omit-frame-pointer", module="sanitized")
    if read(library, "fixed", "lambda: None") != "sum: 0\n":
        return None
    output = read(library, "broken", "data.clear")
    error = re.search(r"AddressSanitizer: ([\w-]+)", output)
    access = re.search(r"^(READ of size \d+)", output, re.MULTILINE)
    return f"{error[1]}, {access[1]}" if error and access else f"nothing: {output.strip()[-60:]}"


def main():
    common.start(__doc__)
    common.say("expected", "a bytearray may be emptied while C still reads its memory")

    common.build(common.HERE / "buffer_after_release.c")
    broken = common.child(EMPTY.replace("FUNCTION", "broken"))[1].strip()
    complaint = sanitized()
    common.say("seen", broken)
    common.say("", f"AddressSanitizer: {complaint or 'does not work here, so this was not shown'}")
    common.say(
        "cause",
        "PyBuffer_Release() came before the last use. The pointer is still there, but "
        "nothing tells the bytearray that it must not move or shrink.",
    )
    common.say("fix", "call PyBuffer_Release() after the last use, and on every way out")

    fixed = common.child(EMPTY.replace("FUNCTION", "fixed"))[1].strip()
    common.say("fixed", fixed)
    caught = complaint is None or complaint.startswith("heap-use-after-free, READ")
    allowed = broken.startswith("clear() was allowed: data has 0 bytes")
    common.finish(allowed and caught and fixed.startswith("clear() raised BufferError: "))


if __name__ == "__main__":
    run(main)
