"""Where the languages of primes.py come from, and how each of them releases the GIL."""

import ctypes
import re
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

BUILD = Path(__file__).resolve().parent.parent / "build"
OTHER = BUILD / "other"
sys.path[:0] = [str(BUILD), str(OTHER)]


def load_rust():
    """ctypes decides, not Rust: a CDLL releases the GIL for every call, a PyDLL holds it."""
    cdll, pydll = (load(OTHER / "libprimes_rust.so") for load in (ctypes.CDLL, ctypes.PyDLL))
    cdll.count.argtypes, cdll.count.restype = (ctypes.c_uint64, ctypes.c_uint64), ctypes.c_uint64
    cdll.meet.argtypes = pydll.meet.argtypes = ctypes.c_int, ctypes.c_double
    return SimpleNamespace(count=cdll.count, meet=cdll.meet, meet_held=pydll.meet)


def load_cffi():
    library = import_module("_primes_cffi").lib
    return SimpleNamespace(count=library.count, meet=library.room_meet)


# What loads count(lo, hi), meet(n, timeout) and perhaps meet_held(n, timeout); what releases the
# GIL; what holds it.
LANGUAGES = {
    "c": (partial(import_module, "_primes"), "PyEval_SaveThread", "the default"),
    "cython": (partial(import_module, "primes_cython"), "with nogil", "the default"),
    "pybind11": (partial(import_module, "primes_pybind11"), "gil_scoped_release", "the default"),
    "rust": (load_rust, "ctypes.CDLL", "ctypes.PyDLL"),
    "cffi": (load_cffi, "the default", "nothing"),
    "numba": (partial(import_module, "primes_numba"), "nogil=True", "the default"),
}


def load_all():
    """Return what is here, {language: (functions, counters)}, and {language: why it is not}.

    counters has inside() and reset_inside(). Raises ImportError or OSError before `make build`.
    """
    # RTLD_GLOBAL: the libraries that are loaded after this one find its functions by name.
    room = ctypes.CDLL(OTHER / "libroom.so", mode=ctypes.RTLD_GLOBAL)
    shared = SimpleNamespace(inside=room.room_highest, reset_inside=room.room_reset)
    found = (OTHER / "found").read_text()
    reasons = dict(re.findall(r"^(\w+): no \((.*)\)$", found, re.MULTILINE))
    here, missing = {}, {}
    for language, (load, _, _) in LANGUAGES.items():
        try:
            functions = load()
        except (ImportError, OSError) as error:
            if language == "c":
                raise
            missing[language] = reasons.get(language, error)
            continue
        # c and cython are the modules of the chapter, and count in rooms of their own.
        here[language] = functions, functions if hasattr(functions, "inside") else shared
    return here, missing
