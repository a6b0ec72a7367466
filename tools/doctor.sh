#!/bin/sh
# What does this machine have, and what is the line that installs the rest?
#   sh doctor.sh required   quiet unless something that set-up needs is missing (exit 1)
#   sh doctor.sh            everything, a line each; exit 1 if something required is missing
# Reads CC and PYTHON. Plain sh: it runs before there is any Python to count on.
CC=${CC:-cc}
made_with=$(sed -n 1p "$(dirname "$0")/../.venv/.python" 2>/dev/null) # .venv keeps its interpreter
PYTHON=${PYTHON:-${made_with:-python3}}
report=${1:-all}
missing='' # names for package() below
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

say() { [ "$report" = required ] || printf '  %-3s  %-18s %s\n' "$@"; }
lack() { # lack WHAT MESSAGE: required, and not here
    missing="$missing $1"
    if [ "$report" = required ]; then printf 'missing: %s\n' "$2" >&2; else say NO "$1" "$2"; fi
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

# The compiler: it must make a program that runs.
echo 'int main(void) { return 0; }' >"$tmp/try.c"
# CC may carry words of its own ("ccache gcc"), so it is split on purpose.
# shellcheck disable=SC2086
if $CC -o "$tmp/try" "$tmp/try.c" -pthread 2>/dev/null && "$tmp/try"; then
    say ok compiler "$($CC --version | head -n 1)"
else
    lack compiler "a working C compiler (CC=$CC)"
fi

# Python: new enough, with its headers, able to make a virtual environment.
if version=$("$PYTHON" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null); then
    minor=${version#*.}
    if [ "${version%%.*}" -ne 3 ] || [ "${minor%%.*}" -lt 11 ]; then
        lack python "Python 3.11 or newer (PYTHON=$PYTHON is $version); choose one: make PYTHON=python3.13"
    else
        say ok python "CPython $version ($PYTHON)"
        include=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("include"))')
        if [ -f "$include/Python.h" ]; then
            say ok headers "$include/Python.h"
        else
            lack headers "the headers of Python $version ($include/Python.h)"
        fi
        if "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
            say ok venv 'can make virtual environments'
        else
            lack venv "Python's venv and ensurepip modules"
        fi
    fi
else
    why=$("$PYTHON" -c '' 2>&1 | head -n 1)
    lack python "a working Python 3.11 or newer (PYTHON=$PYTHON)${why:+: $why}"
fi

if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # one word a package
    printf 'install it with:\n    %s\n' "$(install_line $missing)" >&2
    exit 1
fi
[ "$report" = all ] || exit 0

if ${MAKE:-make} --version 2>/dev/null | grep -q 'GNU Make [4-9]'; then
    say ok make "$(${MAKE:-make} --version | head -n 1)"
else
    say NO make 'GNU Make 4 or newer (macOS: brew install make, then type gmake)'
fi
# shellcheck disable=SC2086 # words of CC
if $CC -march=native -o "$tmp/try" "$tmp/try.c" 2>/dev/null; then
    say ok march 'knows -march=native'
else
    say NO march 'chapters 4 and 5 ask for -march=native: add NATIVE=-mcpu=native (or NATIVE=) to make'
fi
if sh "$(dirname "$0")/openmp.sh" "$tmp/openmp.mk" >/dev/null && grep -q '^OPENMP := yes' "$tmp/openmp.mk"; then
    say ok openmp "two threads in a parallel region ($(sed -n 's/^OPENMP_CFLAGS := //p' "$tmp/openmp.mk"))"
else
    say NO openmp "chapters 4 and 5 need it: $(install_line openmp)"
fi

cores=$("$PYTHON" -c 'import os
print(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())')
quota=$(cat /sys/fs/cgroup/cpu.max 2>/dev/null || echo 'max')
case $quota in max*) quota='no quota' ;; *) quota="cgroup quota $quota" ;; esac
if [ "$cores" -ge 2 ]; then
    say ok cores "$cores usable, $quota"
else
    say NO cores "one core ($quota): everything runs, but nothing can be faster than 1x"
fi
if [ -x "$(dirname "$0")/../.venv/bin/python" ]; then
    say ok .venv "$("$(dirname "$0")/../.venv/bin/python" -V)"
else
    say '--' .venv 'not made yet (make does it)'
fi
if [ -n "${OMP_NUM_THREADS:-}" ]; then say '--' OMP_NUM_THREADS "is set to $OMP_NUM_THREADS: examples use it as the default of -t"; fi
