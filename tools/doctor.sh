#!/bin/sh
# What does this machine have, and what is the line that installs the rest?
#   sh doctor.sh required   quiet unless something that set-up needs is missing (exit 1)
#   sh doctor.sh            everything, a line each; exit 1 if something required is missing
# Reads CC, CXX, RUSTC and PYTHON. Plain sh: it runs before there is any Python to count on.
here=$(cd "$(dirname "$0")" && pwd)
own=${here%/*}/.venv/bin # make puts it first on PATH, and it is not what this is about
while [ "$PATH" != "${PATH#"$own:"}" ]; do PATH=${PATH#"$own:"}; done
CC=${CC:-cc}
made_with=$(sed -n 1p "$here/../.venv/.python" 2>/dev/null) # .venv keeps its interpreter
asked_for=${PYTHON:-}
PYTHON=${PYTHON:-${made_with:-python3}}
report=${1:-all}
missing='' # names for package() below
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

say() { [ "$report" = required ] || printf '  %-3s  %-9s %s\n' "$@"; }
lack() { # lack WHAT MESSAGE REMEDY: required, and not here; "install": its package
    if [ "$report" = required ]; then printf 'missing: %s\n' "$2" >&2; else say NO "$1" "$2"; fi
    if [ "$3" = install ]; then missing="$missing $1"; else remedy="$3"; fi
}

if command -v apt-get >/dev/null; then pm=apt; elif command -v dnf >/dev/null; then pm=dnf
elif command -v brew >/dev/null; then pm=brew; else pm=none; fi

package() { # the name, for this system's package manager, of what is missing
    case $(basename "$PYTHON") in python3*) python=$(basename "$PYTHON") ;; *) python=python3 ;; esac
    case $pm:$1 in
        apt:compiler) echo gcc libc6-dev ;; dnf:compiler) echo gcc ;;
        apt:python | dnf:python) echo "$python" ;;
        apt:headers) echo "$python-dev" ;; dnf:headers) echo "$python-devel" ;;
        apt:venv) echo "$python-venv" ;; dnf:venv) echo "$python-libs" ;;
        apt:openmp) case $CC in *clang*) echo libomp-dev ;; *) echo gcc ;; esac ;;
        dnf:openmp) case $CC in *clang*) echo libomp-devel ;; *) echo gcc ;; esac ;;
        apt:c++) echo g++ ;; dnf:c++) echo gcc-c++ ;;
        apt:rust) echo rustc ;; dnf:rust | brew:rust) echo rust ;;
        brew:compiler) echo llvm ;; brew:openmp) echo libomp ;;
        brew:*) case $python in python3.*) echo "python@${python#python}" ;; *) echo python ;; esac ;;
    esac
}

install_line() {
    packages=$(for name in "$@"; do package "$name"; done | tr '\n' ' ' | sed 's/ $//')
    sudo='sudo '
    [ "$(id -u)" -ne 0 ] || sudo=''
    case $pm in
        apt) echo "${sudo}apt-get update && ${sudo}apt-get install -y $packages" ;;
        dnf) echo "${sudo}dnf install -y $packages" ;;
        brew) echo "brew install $packages" ;;
        none) echo "with your system's package manager: $*" ;;
    esac
}

newer_python() { # how to come by a Python that is new enough
    for name in python3.15 python3.14 python3.13 python3.12 python3.11; do
        if $name -c '' 2>/dev/null; then echo "make PYTHON=$name" && return; fi
    done
    # shellcheck disable=SC2016 # for the reader's shell
    echo 'pip install uv && uv python install 3.13 && make PYTHON="$(uv python find 3.13)"'
}

# The compiler: it must make a program that runs. CC may be several words ("ccache gcc").
echo 'int main(void) { return 0; }' >"$tmp/try.c"
# shellcheck disable=SC2086 # so it is split on purpose
if $CC -o "$tmp/try" "$tmp/try.c" -pthread 2>/dev/null && "$tmp/try"; then
    say ok compiler "$($CC --version | head -n 1)"
elif [ "$CC" = cc ] || [ "$CC" = gcc ]; then
    lack compiler "a working C compiler (CC=$CC)" install
else
    lack compiler "CC=$CC does not compile a C program" 'leave CC= out, or name a C compiler that is here'
fi

# Python: new enough, with its headers, able to make a virtual environment.
version=$("$PYTHON" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || version=''
minor=${version#*.}
if [ -z "$version" ] && [ -n "$asked_for" ]; then
    lack python "PYTHON=$PYTHON does not run" 'leave PYTHON= out, or name a Python 3.11 or newer that is here'
elif [ -z "$version" ]; then
    lack python "a working Python 3.11 or newer ($PYTHON)" install
elif [ "${version%%.*}" -ne 3 ] || [ "${minor%%.*}" -lt 11 ]; then
    lack python "Python 3.11 or newer ($PYTHON is $version)" "$(newer_python)"
else
    say ok python "CPython $version ($PYTHON)"
    include=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    if [ -f "$include/Python.h" ]; then
        say ok headers "$include/Python.h"
    else
        lack headers "the headers of Python $version ($include/Python.h)" install
    fi
    if "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
        say ok venv 'can make virtual environments'
    else
        lack venv "Python's venv and ensurepip modules" install
    fi
fi

# In an archive that was unpacked on Windows they are files with the name of what they lead to.
lost=''
for folder in "$here"/../0* "$here"/../0[345]-*/mistakes "$here"/../03-*/other-languages; do
    [ -L "$folder/bench.py" ] || lost=yes
done
for folder in "$here"/../0[345]-*/mistakes; do
    [ -L "$folder/common.py" ] || lost=yes
done
if [ -z "$lost" ]; then
    say ok links 'bench.py and common.py are linked into the folders of examples'
else
    lack links 'symbolic links (bench.py, common.py) are lost' 'get the repository with git clone, on Linux, macOS or WSL'
fi

if [ -n "$missing" ] || [ -n "${remedy:-}" ]; then
    # shellcheck disable=SC2086 # one word a package
    printf 'to mend it:\n    %s\n' "${remedy:-$(install_line $missing)}" >&2
    exit 1
fi
[ "$report" = all ] || exit 0

if ${MAKE:-make} --version 2>/dev/null | grep -q 'GNU Make [4-9]'; then
    say ok make "$(${MAKE:-make} --version | head -n 1)"
else
    say NO make 'GNU Make 4 or newer (macOS: brew install make, then type gmake)'
fi
sh "$here/probe.sh" "$tmp/probed.mk" >/dev/null
found() { sed -n "s/^$1 := //p" "$tmp/probed.mk"; }
say "$([ -n "$(found NATIVE)" ] && echo ok || echo --)" processor "$(found NATIVE)"
if [ "$(found OPENMP)" = yes ]; then
    say ok openmp "two threads in a parallel region ($(found OPENMP_CFLAGS))"
else
    say NO openmp "chapters 4 and 5 need it: $(install_line openmp)"
fi
optional() { # optional NAME COMMAND WHAT: what is left out without it
    if command -v "$2" >/dev/null; then
        say ok "$1" "$("$2" --version | head -n 1)"
    else
        say '--' "$1" "optional; without it $3: $(install_line "$1")"
    fi
}
optional c++ "${CXX:-c++}" 'chapter 3 leaves out pybind11'
optional rust "${RUSTC:-rustc}" 'chapter 3 leaves out Rust'
if ! [ -d /dev/shm ] || (: >"/dev/shm/beyond-the-gil.$$" && rm "/dev/shm/beyond-the-gil.$$") 2>/dev/null; then
    say ok shm 'shared memory for processes'
else
    say NO shm '/dev/shm cannot be written: chapter 1 leaves out its rows for processes'
fi
cpus=$("$PYTHON" "$here/cpus.py")
if [ "$cpus" -ge 2 ]; then
    say ok cpus "$cpus usable"
else
    say NO cpus 'one usable: everything runs, but nothing can be faster than 1x'
fi
if [ -x "$own/python" ]; then say ok .venv "$("$own/python" -V)"; else say '--' .venv 'not made yet (make does it)'; fi
if [ -n "${OMP_NUM_THREADS:-}" ]; then
    say '--' OpenMP "OMP_NUM_THREADS=$OMP_NUM_THREADS is the default of -t in chapters 4 and 5"
fi
