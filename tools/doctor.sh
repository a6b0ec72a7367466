#!/bin/sh
# What is missing on this machine, and what mends it?
#   sh doctor.sh required   what set-up needs: silent if it is there, exit 1 if not
#   sh doctor.sh            then what single chapters need, and what was found
# Reads CC, CXX, RUSTC and PYTHON. Plain sh: it runs before there is any Python to count on.
here=$(dirname "$0")
PATH=${OUTSIDE:-$PATH} CC=${CC:-cc} sudo='' missing='' optional=''
PYTHON=${PYTHON:-$(sed -n 1p "$here/../.venv/.python" 2>/dev/null)} # what .venv was made with
PYTHON=${PYTHON:-python3}
# Not in TMPDIR, where programs may be forbidden to run.
mkdir -p "$here/build" && tmp=$(mktemp -d "$here/build/doctor.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP

# What mends most: README's line for this system, which leaves alone what is there already.
case ${PYTHON##*/} in python3*) python=${PYTHON##*/} ;; *) python=python3 ;; esac
[ "$(id -u)" -eq 0 ] || sudo='sudo '
remedy="with your system's package manager: gcc, make, and Python with its headers"
for manager in apt-get dnf brew; do
    command -v $manager >/dev/null || continue
    remedy=$(grep -m 1 -E "^(sudo )?$manager " "$here/../README.md" |
        sed "s/sudo /$sudo/g; s/python3-/$python-/g; s/ && g*make\$//")
    break
done
lacks() { missing=yes && echo "missing: $1" >&2; }

# The compiler must make a program that runs. CC may be several words ("ccache gcc").
echo 'int main(void) { return 0; }' >"$tmp/try.c"
# shellcheck disable=SC2086
if ! $CC -o "$tmp/try" "$tmp/try.c" -pthread 2>/dev/null; then
    lacks "a C compiler that works (CC=$CC)"
    case $CC in cc | gcc) ;; *) remedy='leave CC= out, or name a C compiler that is here' ;; esac
elif ! "$tmp/try" 2>/dev/null; then
    lacks 'permission to run programs here (mounted noexec)'
    remedy='another disk'
fi

# Python: new enough, with its headers, able to make a virtual environment.
python_says() { "$PYTHON" -c "import sys, sysconfig; print($1)" 2>/dev/null; }
version=$(python_says 'sys.version.split()[0]')
header=$(python_says 'sysconfig.get_path("include")')/Python.h
if ! python_says '1 / (sys.version_info >= (3, 11))' >/dev/null; then
    lacks "Python 3.11 or newer ($PYTHON${version:+ is $version})"
    # shellcheck disable=SC2016 # for the reader's shell
    if [ -n "$version" ]; then
        remedy='pip install uv && uv python install 3.13 && make PYTHON="$(uv python find 3.13)"'
    elif [ "$PYTHON" != python3 ]; then
        remedy='leave PYTHON= out, or name a Python 3.11 or newer that is here'
    fi
else
    [ -f "$header" ] || lacks "the headers of Python $version ($header)"
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || lacks "Python's venv and ensurepip"
fi

# In an archive that was unpacked on Windows it is a file with the name of what it leads to.
if [ ! -L "$here/../01-gil-demo/bench.py" ]; then
    lacks 'symbolic links, which were lost'
    remedy='git clone, on Linux, macOS or WSL'
fi
if [ -n "$missing" ]; then
    printf 'to mend it:\n    %s\n' "$remedy" >&2
    exit 1
fi
[ "${1:-}" != required ] || exit 0

expr "$(${MAKE:-make} --version)" : 'GNU Make [4-9]' >/dev/null ||
    lacks 'GNU Make 4 or newer (macOS: brew install make, then type gmake)'
sh "$here/probe.sh" "$tmp/probed.mk" >/dev/null
grep -q '^OPENMP := yes' "$tmp/probed.mk" ||
    lacks 'OpenMP, for chapters 4 and 5 (for clang: libomp-dev, libomp-devel or libomp)'
for tool in "${CXX:-c++}" "${RUSTC:-rustc}"; do
    command -v "$tool" >/dev/null || optional="$optional $tool"
done
[ -z "$optional" ] || echo "optional, for one row of chapter 3 each:$optional"
[ -z "${LEFT_OUT:-}" ] || echo "make leaves out what the shell has set: $LEFT_OUT"
cpus=$("$PYTHON" "$here/cpus.py")
echo "found: $($CC --version | head -n 1); CPython $version ($PYTHON); $cpus CPUs"
