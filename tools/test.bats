# Set-up, doctor and the environment that make hands on.
# shellcheck shell=bash disable=SC2154,SC2030,SC2031,SC2016 # Bats sets output, lines and status
load helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return
    tmp=$BATS_TEST_TMPDIR copy=$BATS_TEST_TMPDIR/copy # of the sources alone
    mkdir "$copy" "$tmp/bin"
    tar -C .. -c -f - --exclude=.git --exclude=.venv --exclude=build . | tar -x -C "$copy" -f -
}

# script NAME TEXT: a shell script that comes before the command of that name, with `mine`.
script() { printf '#!/bin/sh\n%s\n' "$2" >"$tmp/bin/$1" && chmod +x "$tmp/bin/$1"; }
mine() { PATH=$tmp/bin:$PATH "$@"; }

# in_make COMMAND OPTION ...: a command as a recipe of chapter 5's Makefile runs it.
in_make() { run -0 make -s -C ../05-sgd-case-study --eval "show: ; @$1" show "${@:2}"; }

@test "THREADS and BUDGET are looked at before anything is made" {
    in_make 'echo $T' THREADS=100 # the chapter has a limit of its own
    [ "${lines[-1]}" = '-t 64' ]
    in_make 'echo $T' THREADS=all
    [ "${lines[-1]}" = "-t $("$PY" -c 'import loky; print(loky.cpu_count())')" ]
    for wrong in THREADS=0 THREADS='2 3' BUDGET=nan BUDGET=-1 MAKE_VERSION=3.81; do
        run -2 make -s -C .. help "$wrong"
    done
}

@test "what a shell left in the environment decides nothing, and doctor names it" {
    echo 'raise SystemExit("foreign")' | tee "$tmp/random.py" >"$tmp/numpy.py"
    export CDPATH=. CC='' PYTHONPATH=$tmp PYTHONOPTIMIZE=2 PYTHONHASHSEED=abc TMPDIR=/dev/full
    export OMP_MAX_ACTIVE_LEVELS=0 OMP_DYNAMIC=true OMP_THREAD_LIMIT=1
    run limited make -rR -s -C .. doctor
    [[ $output == *": PYTHONPATH PYTHONOPTIMIZE PYTHONHASHSEED CDPATH"*found:* ]]
    [[ $status -eq 0 || $(probed OPENMP) == no ]]
    for how in -rR -e; do
        in_make 'cd / && echo $(CC) && python -c "import random, numpy, bench as b; print(b.__file__)"' $how
        [[ ${lines[-2]} == cc && ${lines[-1]} -ef bench.py ]]
    done
}

@test "doctor fails and prints README's line, if only OpenMP is missing as well" {
    [ ! -e /dev/full ] || run -1 bash -c 'sh doctor.sh >/dev/full' # whose words nobody can read
    script apt-get ''
    script cc "case \"\$*\" in *-fopenmp*) exit 1 ;; *) exec '$(command -v cc)' \"\$@\" ;; esac"
    run -1 mine sh "$copy/tools/doctor.sh"
    [[ $output == *found:*'apt-get install -y gcc make python3-dev python3-venv' ]]
    script python3 'echo 3.9.18'
    run -1 mine sh "$copy/tools/doctor.sh" required
    [[ ${lines[-1]} == *'make PYTHON='* ]]
}

@test "set-up stops without a compiler or a network, and before what is not its own" {
    run -2 limited make -C "$copy" setup CC=/no/cc
    [[ $output == *'leave CC= out'* ]]
    export PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL=http://127.0.0.1:1/ PIP_FIND_LINKS=''
    run -2 limited make -C "$copy" setup # nothing listens there
    [[ $output == *'is there a network?'* ]]
    rm -r "$copy/.venv" && mkdir "$copy/.venv"
    run -2 limited make -C "$copy" setup
    [ -z "$(ls -A "$copy/.venv")" ]
}

@test "set-up believes what it can import, takes up what was interrupted, and works one at a time" {
    # A Python whose pip installs nothing, in no time, and says that all is well.
    script python "case \"\$*\" in
        *'-m venv'*) mkdir -p .venv/bin .venv/lib/python3/site-packages; cp \"\$0\" .venv/bin/python ;;
        *'-m pip'*) exit ;; *'import numpy'*) [ -e installed ]; exit ;;
        *) exec '$(command -v "$PY")' \"\$@\" ;; esac"
    base() { PYTHON=$tmp/bin/python limited sh tools/setup.sh base; }
    cd "$copy"
    run -1 base
    touch installed
    base >first & base >second
    wait $!
    [[ -z $(base) && $(cat first second | grep -c 'is ready') -eq 1 ]]
    touch .venv/.unfinished
    [[ $(base) == *'making .venv'* ]]
}

@test "another processor means other programs, and a failure in one chapter is no end, but told" {
    ln -s "$PWD/../.venv" "$copy"
    build() { "$@" make -C "$copy/02-threads-in-c" build; }
    build
    [[ $(build) != *primes.c* ]]
    script uname 'echo another'
    [[ $(build mine) == *primes.c* ]]
    script rm 'case $PWD in */01*) exit 1 ;; *) exec /bin/rm "$@" ;; esac'
    run -2 mine make -C "$copy" clean
    printf '%s\n' 'build more:' 'run: ; @echo runs; [ ! -e toy_gil.c ]' | tee "$copy"/0*/Makefile >&2
    : >"$copy/tools/results.py"
    run -2 limited make -C "$copy" # chapter 1 fails
    [ "$(grep -c '^runs' <<<"$output")" -eq 5 ]
}

@test "check-room ends with READY, or says what to do and fails" {
    ln -s "$PWD/../.venv" "$copy"
    echo 'build run:' | tee "$copy"/0[2-5]*/Makefile # chapter 1 is enough here
    check_room() { limited make -s -C "$copy" check-room BUDGET=0.1 "$@"; }
    run -2 check_room CC=false
    [[ $output == *'leave CC= out'*'not ready'* && $output != *READY* ]]
    needs_openmp
    run -0 check_room
    [ "${lines[-1]}" = READY ]
    echo 'build: ; false' >"$copy/05-sgd-case-study/Makefile"
    run -2 check_room
    [[ $output != *READY* ]]
}
