#!/bin/sh
# Make ../.venv from the hash-locked requirements, once; again only when an input changes.
#   sh setup.sh base|peers|mpi|dev      reads CC and PYTHON; pip's settings of its index are honoured
# The stamp .venv/.GROUP is written last, so an interrupted set-up is taken up again.
set -eu
cd "$(dirname "$0")/.."
PATH=${OUTSIDE:-$PATH} # the Python in .venv is not the one to make it with
group=$1 locks=tools/requirements log=tools/build/setup.log

# Without PYTHON= an existing environment keeps its interpreter.
base_python=${PYTHON:-$(sed -n 1p .venv/.python 2>/dev/null || echo python3)}
interpreter() { "$base_python" -c 'import sys; print([sys.version, sys.base_prefix])'; }
inputs() { cat $locks/build.txt "$locks/$group.txt" tools/setup.sh | cksum; }
usable() { [ ! -e .venv/.unfinished ] && [ "$(sed -n 2p .venv/.python)" = "$(interpreter)" ]; } 2>/dev/null
ready() { usable && [ "$(cat ".venv/.$group")" = "$(inputs)" ]; } 2>/dev/null
stop() { echo "set-up: $1" >&2 && exit 1; }
failed() {
    [ ! -e .venv/.base ] || rm .venv/.unfinished # what was there before is whole
    ! grep -q 'connection broken by' $log ||
        stop 'pip cannot download; is there a network? PIP_INDEX_URL and PIP_CERT name a mirror'
    stop "it failed; see $log and 'pip config list': $(tail -n 1 $log)"
}
# Options have the last word over pip.conf and PIP_*, which may lead pip elsewhere. (PEP 517: an old
# pip would run setup.py, and leave a file outside of .venv.)
install() { # install GROUP [OPTION ...]
    locked=$locks/$1.txt && shift
    PIP_USE_PEP517=1 .venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet --require-hashes \
        --prefix="$PWD/.venv" --target= --root=/ --no-user --no-binary=:none: --only-binary=:none: \
        -r "$locked" "$@" >>$log 2>&1 || failed
}

if ready; then exit; fi
[ ! -e .venv ] || [ -e .venv/.python ] || [ -e .venv/.unfinished ] ||
    stop 'there is a .venv here that make did not make; move it away, then type make again'
sh tools/doctor.sh required

# One at a time. However this ends, the system gives the lock back.
exec 9>tools/build/setup.lock
flock() { "$base_python" -c "import fcntl; fcntl.flock(9, fcntl.LOCK_EX | $1)" 2>/dev/null; }
flock fcntl.LOCK_NB || { echo 'set-up: waiting for another one' && flock 0; } || true
if ready; then exit; fi

: >$log
if ! usable; then
    echo "set-up: making .venv with $("$base_python" -V) ($base_python); once, about a minute"
    mkdir -p .venv && : >.venv/.unfinished # so that what an interrupt leaves is known to be ours
    find .venv/ -mindepth 1 ! -name .unfinished -delete
    "$base_python" -m venv .venv >>$log 2>&1 || failed
    { "$base_python" -c 'import sys; print(sys.executable)' && interpreter; } >.venv/.python
    # Every program finds bench.py. The path begins at site-packages: a checkout may be moved.
    for site in .venv/lib/python3*/site-packages; do echo ../../../../tools >"$site/tools.pth"; done
fi
: >.venv/.unfinished
echo "set-up: installing what $locks/$group.txt locks"
install build --retries 1 # it is small: without a network it says so in seconds
install "$group" --no-build-isolation
.venv/bin/python -c 'import numpy' >>$log 2>&1 || failed # pip's word is not enough
inputs >".venv/.$group"
rm .venv/.unfinished
echo "set-up: $group is ready"
