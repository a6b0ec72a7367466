#!/bin/sh
# Which of the other languages are here? A line each: "yes" and the versions, or "no" and why.
#   sh found.sh PYTHON      reads CXX and RUSTC
python=$1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

package() { # the version of an installed package, or nothing
    "$python" -c 'import importlib.metadata, sys
print(sys.argv[1], importlib.metadata.version(sys.argv[1]))' "$1" 2>/dev/null
}
say() { # say LANGUAGE WHAT-IS-HERE WHAT-IS-MISSING-IF-NOTHING
    if [ -n "$2" ]; then echo "$1: yes ($2)"; else echo "$1: no ($3)"; fi
}

# A compiler is here if it makes a library: one without headers or linker is of no use.
# CXX and RUSTC may be several words ("ccache c++"), so they are split on purpose.
# shellcheck disable=SC2086,SC2153
{
    echo '#include <cstdint>' >"$tmp/try.cpp"
    cxx=$($CXX -shared -fPIC "$tmp/try.cpp" -o "$tmp/try.so" >&2 && $CXX --version | head -n 1)
    : >"$tmp/try.rs"
    rust=$($RUSTC --crate-type cdylib "$tmp/try.rs" -o "$tmp/try.so" >&2 && $RUSTC --version)
} 2>/dev/null

library=$(package pybind11)
if [ -n "$library" ]; then
    say pybind11 "${cxx:+$library, $cxx}" "no C++ compiler: CXX=$CXX"
else
    say pybind11 '' 'not installed: make peers'
fi
say rust "$rust" "no Rust compiler: RUSTC=$RUSTC"
say cffi "$(package cffi)" 'not installed: make peers'
say numba "$(package numba)" 'not installed: make peers'
