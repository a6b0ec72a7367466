#!/bin/sh
# Make ../.venv from the hash-locked requirements, once; again only when an input changes.
#   sh setup.sh base|peers|dev      reads CC and PYTHON; pip's own settings are honoured
# The stamp .venv/.GROUP is written last, so an interrupted set-up is taken up again.
set -eu
cd "$(dirname "$0")/.."
# Our own environment may stand first on PATH; its Python is not the one to make it with.
own=$(pwd)/.venv/bin
while [ "$PATH" != "${PATH#"$own:"}" ]; do PATH=${PATH#"$own:"}; done
group=$1
venv=.venv
requirements=tools/requirements
stamp=$venv/.$group

# Without PYTHON= an existing environment keeps its interpreter.
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python3
    if [ -f $venv/.python ] && "$own/python" -c '' 2>/dev/null; then
        PYTHON=$(sed -n 1p $venv/.python)
    fi
fi
export PYTHON
inputs() { cat $requirements/build.txt $requirements/"$group".txt tools/setup.sh | cksum; }
interpreter() { "$PYTHON" -c 'import sys; print(sys.version, sys.base_prefix)' 2>/dev/null | tr '\n' ' '; }

same_python=no
if [ -f $venv/.python ] && [ "$(sed -n 2p $venv/.python)" = "$(interpreter)" ]; then same_python=yes; fi
# pip was stopped half way through a package: what it left cannot be trusted.
if [ -f $venv/.installing ]; then same_python=no; fi
if [ $same_python = yes ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(inputs)" ]; then exit 0; fi
if [ -e $venv ] && [ ! -f $venv/.python ] && [ ! -f $venv/.making ]; then
    echo "set-up: there is a .venv here that make did not make; move it away, then type make again" >&2
    exit 1
fi

sh tools/doctor.sh required
pip() { "$own/python" -m pip --disable-pip-version-check --no-input "$@"; }

if [ $same_python = no ]; then
    echo "set-up: making $venv with $("$PYTHON" -V) ($PYTHON); once, about a minute"
    rm -rf $venv
    mkdir $venv
    : >$venv/.making # so that what an interrupt leaves is known to be ours
    "$PYTHON" -m venv $venv
fi
mkdir -p tools/build
log=tools/build/setup.log
: >$log
install() { # install GROUP [OPTION ...]
    locked=$requirements/$1.txt
    shift
    pip install --quiet --require-hashes -r "$locked" "$@" 2>>$log
}

# One small package first: without a network this says so in seconds and leaves nothing behind.
echo 'set-up: reaching the package index'
if ! install build --retries 1 --only-binary :all:; then
    [ $same_python = yes ] || rm -rf $venv
    if grep -q CERTIFICATE_VERIFY_FAILED $log; then
        echo 'set-up: pip reaches its package index, but does not trust its certificate; set PIP_CERT to' >&2
        echo "your organisation's certificates (a .pem file), then type make again" >&2
        exit 1
    fi
    why=$(sed -n 's/.*connection broken by //p' $log | head -n 1)
    [ -n "$why" ] || why=$(grep -v '^$' $log | tail -n 1)
    echo "set-up: pip cannot download its first package; is there a network? It says:" >&2
    echo "    $why" >&2
    echo 'connect and type make again, or point pip at a mirror (PIP_INDEX_URL) or at wheels on disk (PIP_FIND_LINKS)' >&2
    exit 1
fi
[ $same_python = yes ] || printf '%s\n%s\n' "$PYTHON" "$(interpreter)" >$venv/.python
echo "set-up: installing what $requirements/$group.txt locks"
: >$venv/.installing
if ! install "$group" --no-build-isolation; then
    echo "set-up: pip failed ($log has all of it):" >&2
    grep '^ERROR' $log >&2 || tail -n 5 $log >&2
    exit 1
fi
rm $venv/.installing
inputs >"$stamp"
echo "set-up: $group is ready"
