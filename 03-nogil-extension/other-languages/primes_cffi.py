"""cffi writes an extension module around the C library: every call releases the GIL, unasked.

    python other-languages/primes_cffi.py

This is cffi's API mode: a C compiler reads the declarations, so a wrong one is an error.
"""

from cffi import FFI

ffi = FFI()
ffi.cdef("uint64_t count(uint64_t lo, uint64_t hi);")
ffi.set_source("_primes_cffi", "#include <stdint.h>\nuint64_t count(uint64_t lo, uint64_t hi);")
ffi.compile(tmpdir="build/other", target="_primes_cffi.so")
