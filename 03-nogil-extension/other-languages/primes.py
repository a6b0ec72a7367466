"""Count the primes below n in other languages: one loop, and each releases the GIL in its way.

    python other-languages/primes.py

`inside` and `held`: how many of two threads met in the loop, with the GIL released and held.
"""

import contextlib
import ctypes
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

from bench import fail, has_gil, header, read_options, row, run, stopwatch, verdict

OTHER = Path(__file__).resolve().parent.parent / "build" / "other"
KNOWN = {1_000_000: 78_498}
PATIENCE = {"released": 10, "held": 0.1}  # seconds: where the GIL is held, a thread waits in vain
LANGUAGES = "c", "pybind11", "rust", "cffi", "numba"
NEEDS = {"pybind11": "make peers; C++ compiler: CXX=...", "rust": "no Rust compiler: RUSTC=..."}


def load(language):
    """Return the functions of a language, released(lo, hi) and perhaps held(lo, hi)."""
    if language in {"pybind11", "numba"}:
        return import_module(f"primes_{language}")
    if language == "cffi":
        return SimpleNamespace(released=import_module("_primes_cffi").lib.count)
    # ctypes decides, not C or Rust: a CDLL releases the GIL for every call, a PyDLL holds it.
    library = OTHER / f"libprimes_{language}.so"
    released, held = ctypes.CDLL(library).count, ctypes.PyDLL(library).count
    for count in released, held:
        count.argtypes, count.restype = [ctypes.c_uint64] * 2, ctypes.c_uint64
    return SimpleNamespace(released=released, held=held)


def count_primes(count, n, threads):
    """Count the primes below n with count(lo, hi), called for many ranges on a pool of threads."""
    cuts = [n * i // 128 for i in range(129)]
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(count, cuts[:-1], cuts[1:]))


def rendezvous(room, functions, how, n):
    """Let n threads wait for each other in a loop; return how many met ("-": no such loop)."""
    if not hasattr(functions, how):
        return "-"
    room.room_expect(n, ctypes.c_double(PATIENCE[how]))
    with ThreadPoolExecutor(n) as pool:
        list(pool.map(getattr(functions, how), [0] * n, [0] * n))
    return room.room_expect(0, ctypes.c_double(0))


def show_table(room, here, n, t):
    """Print the rows; return the languages in which the GIL was held or released by mistake."""
    gil, wrong = has_gil(), []
    header("inside", "held")
    for suffix, threads in ("", 1), ("-threads", t):
        for language, functions in here.items():
            with stopwatch() as took:
                answer = count_primes(functions.released, n, threads)
            right = answer == KNOWN.setdefault(n, answer)  # or all agree with the first one
            met = [rendezvous(room, functions, how, min(2, threads)) for how in PATIENCE]
            row(language + suffix, threads, answer, right, took, *met)
            if met[0] != min(2, threads) or (gil and met[1] == 2):
                wrong.append(language)
    return wrong


def main():
    args = read_options(__doc__, n=(10**6, 1, 10**8, "primes below n"), t=(2, 1, 256, "threads"))
    sys.path.insert(0, str(OTHER))
    try:  # RTLD_GLOBAL: the libraries that are loaded after this one find its functions by name
        room = ctypes.CDLL(OTHER / "libprimes_c.so", ctypes.RTLD_GLOBAL)
    except OSError as error:
        fail(2, f"{error}; in 03-nogil-extension, type: make build && . ../.venv/bin/activate")
    here = {}
    for language in LANGUAGES:
        with contextlib.suppress(ImportError, OSError):
            here[language] = load(language)
    print(f"count the primes below {args.n:,} in {len(here)} languages")
    wrong = show_table(room, here, args.n, args.t)
    for language in [language for language in LANGUAGES if language not in here]:
        print(f"\nleft out: {language} ({NEEDS.get(language, 'make peers')})")
    verdict()
    if wrong:
        fail(1, f"wrong in {', '.join(wrong)}: 2 threads meet if the GIL is released, 1 if held")


if __name__ == "__main__":
    run(main)
