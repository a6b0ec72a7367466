#!/bin/sh
# What is missing on this machine, and what mends it? Exit 1 if anything is.
#   sh doctor.sh required   what set-up needs; silent if it is there
#   sh doctor.sh            then what single chapters need, and what was found
# Reads CC, CXX, RUSTC and PYTHON. Plain sh: it runs before there is any Python to count on.
here=$(dirname "$0")
PATH=${OUTSIDE:-$PATH} CC=${CC:-cc} sudo='' other='' missing=''
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
# lacks WHAT [REMEDY]
lacks() { missing=yes remedy=${2:-$remedy} && echo "missing: $1" >&2; }

# The compiler must make a program that runs. CC may be several words ("ccache gcc").
case $CC in cc | gcc) ;; *) other='leave CC= out, or name a C compiler that is here' ;; esac
echo 'int main(void) { return 0; }' >"$tmp/try.c"
# shellcheck disable=SC2086
if ! $CC -o "$tmp/try" "$tmp/try.c" -pthread 2>/dev/null; then
    lacks "a C compiler that works (CC=$CC)" "$other"
elif ! "$tmp/try" 2>/dev/null; then
    lacks 'permission to run programs here (mounted noexec)' 'another disk'
fi

# Python: new enough, with its headers, able to make a virtual environment.
version=$("$PYTHON" -c 'import platform; print(platform.python_version())' 2>/dev/null)
header=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("include"))' 2>/dev/null)/Python.h
case $version in
3.1[1-9].*)
    [ -f "$header" ] || lacks "the headers of Python $version ($header)"
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || lacks "Python's venv and ensurepip"
    ;;
3.*) # shellcheck disable=SC2016 # for the reader's shell
    lacks "Python 3.11 or newer ($PYTHON is $version)" \
        'pip install uv && uv python install 3.13 && make PYTHON="$(uv python find 3.13)"'
    ;;
*)
    [ "$PYTHON" = python3 ] || remedy='leave PYTHON= out, or name a Python that is here'
    lacks "Python 3.11 or newer ($PYTHON does not run)"
    ;;
esac

# In an archive that was unpacked on Windows it is a file with the name of what it leads to.
[ -L "$here/../01-gil-demo/bench.py" ] ||
    lacks 'symbolic links, which were lost' 'git clone, on Linux, macOS or WSL'

if [ -z "$missing" ] && [ "${1:-}" != required ]; then
    sh "$here/probe.sh" "$tmp/probed.mk" >/dev/null
    grep -q '^OPENMP := yes' "$tmp/probed.mk" ||
        lacks "OpenMP, for chapters 4 and 5 (for clang: libomp-dev, libomp-devel or libomp)" "$other"
    for tool in "${CXX:-c++}" "${RUSTC:-rustc}"; do
        command -v "$tool" >/dev/null || echo "optional, for a row of chapter 3: $tool"
    done
    [ -z "${LEFT_OUT:-}" ] || echo "make leaves out what the shell has set: $LEFT_OUT"
    echo "found: $($CC --version | head -n 1); CPython $version ($PYTHON);" \
        "$(getconf _NPROCESSORS_ONLN) CPUs" || exit 1
fi
[ -n "$missing" ] || exit 0
printf 'to mend it:\n    %s\n' "$remedy" >&2
exit 1
