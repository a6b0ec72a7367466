"""C with cffi: you paste the C, cffi writes the extension module, and every call releases the GIL.

    python other-languages/primes_cffi.py build/other

This is cffi's API mode, the one its manual recommends and packages on PyPI use: a C compiler reads
the declarations. (In ABI mode cffi would load a finished library, as ctypes does.)
"""

import os
import shlex
import sys

from cffi import FFI

ffi = FFI()
ffi.cdef("""
    uint64_t count(uint64_t lo, uint64_t hi);
    int room_meet(int n, double timeout);
""")
ffi.set_source(
    "_primes_cffi",
    """
    #include <stdint.h>

    void room_enter(void); /* room.c */
    void room_leave(void);
    int room_meet(int n, double timeout);

    static int is_prime(uint64_t n)
    {
        if (n < 2)
            return 0;
        for (uint64_t d = 2; d * d <= n; d++)
            if (n % d == 0)
                return 0;
        return 1;
    }

    static uint64_t count(uint64_t lo, uint64_t hi)
    {
        uint64_t primes = 0;

        room_enter();
        for (uint64_t n = lo; n < hi; n++)
            primes += (uint64_t)is_prime(n);
        room_leave();
        return primes;
    }
    """,
    extra_compile_args=shlex.split(os.environ.get("CFLAGS", "-O2")),
)

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: primes_cffi.py FOLDER")
    ffi.compile(tmpdir=sys.argv[1], target="_primes_cffi.so")
