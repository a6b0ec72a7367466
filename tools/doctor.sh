#!/bin/sh
# What does this machine have, and what is the line that installs the rest?
#   sh doctor.sh required   quiet unless something that set-up needs is missing (exit 1)
#   sh doctor.sh            everything, a line each; exit 1 if something required is missing
# Reads CC, CXX, RUSTC and PYTHON. Plain sh: it runs before there is any Python to count on.
here=$(dirname "$0")
own=$here/../.venv/bin/python asked_for=${PYTHON:-} report=${1:-all} missing='' remedy=''
if [ -z "$asked_for" ] && [ -x "$own" ]; then PYTHON=$(sed -n 1p "$here/../.venv/.python" 2>/dev/null); fi
PATH=${OUTSIDE:-$PATH} CC=${CC:-cc} PYTHON=${PYTHON:-python3} MAKE=${MAKE:-make}
# Not in TMPDIR, where programs may be forbidden to run.
mkdir -p "$here/build" && tmp=$(mktemp -d "$here/build/doctor.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP

# What is there goes to standard output, which "required" closes; what is missing goes to 3.
if [ "$report" = all ]; then exec 3>&1; else exec 3>&2 >/dev/null; fi
absent=NO
say() { printf '  %-3s  %-9s %s\n' "$@" || exit 1; }
check() { # check WHAT MESSAGE OTHERWISE COMMAND ...: which message depends on how the command ends
    what=$1 good=$2 bad=$3
    shift 3
    if "$@" >/dev/null 2>&1; then say ok "$what" "$good"; else say $absent "$what" "$bad" >&3 && return 1; fi
}
require() { check "$@" || { missing="$missing $1" && return 1; }; }

package() { # package WHAT COLUMN: its name for apt (2), dnf (3) or brew (4)
    case ${PYTHON##*/} in python3*) python=${PYTHON##*/} ;; *) python=python3 ;; esac
    case $CC in *clang*) omp='libomp-dev libomp-devel' ;; *) omp='gcc gcc' ;; esac
    awk -v what="$1" -v column="$2" '$1 == what { print $column }' <<TABLE
compiler  build-essential  gcc             llvm
python    $python          $python         python
headers   $python-dev      $python-devel   python
venv      $python-venv     $python-libs    python
openmp    $omp                             libomp
c++       g++              gcc-c++         llvm
rust      rustc            rust            rust
TABLE
}
install_line() { # install_line WHAT ...
    sudo='sudo ' line="with your system's package manager:" column=1
    [ "$(id -u)" -ne 0 ] || sudo=''
    if command -v apt-get; then column=2 line="${sudo}apt-get update && ${sudo}apt-get install -y"
    elif command -v dnf; then column=3 line="${sudo}dnf install -y"
    elif command -v brew; then column=4 line='brew install'; fi >/dev/null
    for what in "$@"; do line="$line $(package "$what" "$column")"; done
    echo "$line"
}

# The compiler must make a program that runs. CC may be several words ("ccache gcc").
echo 'int main(void) { return 0; }' >"$tmp/try.c"
# shellcheck disable=SC2086,SC2317 # so it is split on purpose; check calls it
compile() { $CC -o "$tmp/try" "$tmp/try.c" -pthread; }
if ! require compiler "$($CC --version 2>/dev/null | head -n 1)" "a C compiler that works (CC=$CC)" compile; then
    case $CC in cc | gcc) ;; *) remedy='leave CC= out, or name a C compiler that is here' ;; esac
else
    check disk 'programs run here' 'permission to run programs (mounted noexec)' "$tmp/try" || remedy='another disk'
fi

# Python: new enough, with its headers, able to make a virtual environment.
python_says() { "$PYTHON" -c "import sys, sysconfig; print($1)" 2>/dev/null; }
version=$(python_says '"%d.%d.%d" % sys.version_info[:3]')
header=$(python_says 'sysconfig.get_path("include")')/Python.h
if require python "CPython $version ($PYTHON)" "Python 3.11 or newer ($PYTHON${version:+ is $version})" \
    python_says 'sys.exit(sys.version_info < (3, 11))'; then
    require headers "$header" "the headers of Python $version ($header)" [ -f "$header" ]
    require venv 'can make virtual environments' "Python's venv and ensurepip" "$PYTHON" -c 'import ensurepip, venv'
elif [ -n "$version" ]; then
    # shellcheck disable=SC2016 # for the reader's shell
    remedy='pip install uv && uv python install 3.13 && make PYTHON="$(uv python find 3.13)"'
    for name in python3.11 python3.12 python3.13 python3.14 python3.15; do
        if $name -c '' 2>/dev/null; then remedy="make PYTHON=$name"; fi
    done
elif [ -n "$asked_for" ]; then
    remedy='leave PYTHON= out, or name a Python 3.11 or newer that is here'
else
    missing="$missing headers venv"
fi

# In an archive that was unpacked on Windows it is a file with the name of what it leads to.
check links 'bench.py leads to tools' 'symbolic links, which were lost' \
    [ -L "$here/../01-gil-demo/bench.py" ] || remedy='git clone, on Linux, macOS or WSL'
if [ -n "$missing$remedy" ]; then
    # shellcheck disable=SC2086 # one word a package
    printf 'to mend it:\n    %s\n' "${remedy:-$(install_line $missing)}" >&2
    exit 1
fi
[ "$report" = all ] || exit 0

made_by=$($MAKE --version | head -n 1)
check make "$made_by" 'GNU Make 4 or newer (macOS: brew install make, then type gmake)' \
    expr "$made_by" : 'GNU Make [4-9]'
sh "$here/probe.sh" "$tmp/probed.mk" >/dev/null
found() { sed -n "s/^$1 := //p" "$tmp/probed.mk"; }
say ok processor "$(found NATIVE)"
check openmp "two threads in a parallel region ($(found OPENMP_CFLAGS))" \
    "chapters 4 and 5 need it: $(install_line openmp)" [ "$(found OPENMP)" = yes ]
absent=--
optional() { # optional WHAT COMMAND
    check "$1" "$($2 --version 2>/dev/null | head -n 1)" \
        "optional, for one row of chapter 3: $(install_line "$1")" command -v "$2"
}
optional c++ "${CXX:-c++}"
optional rust "${RUSTC:-rustc}"
if [ -d /dev/shm ] && ! [ -w /dev/shm ]; then
    say NO shm '/dev/shm cannot be written: chapter 1 leaves out its rows for processes'
fi
say ok cpus "$("$PYTHON" "$here/cpus.py") usable (with one nothing can be faster than 1x)"
check .venv "$("$own" -V 2>/dev/null)" 'not made yet (make does it)' [ -x "$own" ]
[ -z "${LEFT_OUT:-}" ] || say -- shell "make leaves out what is set there: $LEFT_OUT"
