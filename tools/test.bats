# Set-up, doctor and the environment that make hands on.
# shellcheck shell=bash disable=SC2154,SC2030,SC2031,SC2016 # Bats sets output, lines and status
load helper

# The sources alone are in $copy.
setup() {
    cd "$BATS_TEST_DIRNAME" || return
    tmp=$BATS_TEST_TMPDIR copy=$BATS_TEST_TMPDIR/copy
    mkdir "$copy" "$tmp/bin"
    tar -C .. -c -f - --exclude=.git --exclude=.venv --exclude=build . | tar -x -C "$copy" -f -
}

# script NAME LINE ...: a shell script in $tmp/bin.
script() { printf '%s\n' '#!/bin/sh' "${@:2}" >"$tmp/bin/$1" && chmod +x "$tmp/bin/$1"; }

# in_make COMMAND OPTION ...: a command as a recipe of chapter 5's Makefile runs it.
in_make() { run -0 make -s -C ../05-sgd-case-study --eval "show: ; @$1" show "${@:2}"; }

@test "THREADS and BUDGET are looked at before anything is made" {
    in_make 'echo threads $T' THREADS=100 # the chapter has a limit of its own
    [ "${lines[-1]}" = 'threads -t 64' ]
    PYTHONHOME=/nonexistent in_make 'echo threads $T' THREADS=all
    [ "${lines[-1]}" = "threads -t $("$PY" cpus.py)" ]
    for wrong in THREADS=0 THREADS=257 THREADS='2 3' BUDGET=nan BUDGET=-1; do
        run -2 make -s -C .. help "$wrong"
    done
}

@test "what a shell left in the environment decides nothing, and doctor names it" {
    echo 'raise SystemExit("foreign")' | tee "$tmp/random.py" >"$tmp/numpy.py"
    export CDPATH=. CC='' PYTHONPATH=$tmp PYTHONOPTIMIZE=2 PYTHONHASHSEED=abc TMPDIR=/dev/full
    export OMP_MAX_ACTIVE_LEVELS=0 OMP_DYNAMIC=true OMP_THREAD_LIMIT=1
    run -0 limited make -rR -s -C .. doctor
    [[ $output == *": PYTHONPATH PYTHONOPTIMIZE PYTHONHASHSEED CDPATH"*found:* ]] || false
    [[ $(probed OPENMP) == no || $output != *missing* ]] || false
    for how in -rR -e; do
        in_make 'cd / && echo $(CC) && python -c "import random, numpy, bench as b; print(b.__file__)"' $how
        [[ ${lines[-2]} == cc && ${lines[-1]} -ef bench.py ]] || false
    done
    [ ! -e /dev/full ] || run -1 bash -c 'sh doctor.sh >/dev/full'
}

@test "doctor prints README's line for what is missing, and what mends an old Python" {
    script apt-get
    script cc 'exit 1'
    PATH=$tmp/bin:$PATH run -1 sh "$copy/tools/doctor.sh" required
    [[ ${lines[-1]} == *'apt-get install -y gcc make python3-dev python3-venv' ]] || false
    script python3 'case $2 in *info*) exit 1 ;; *) echo 3.9.18 ;; esac'
    PATH=$tmp/bin:$PATH run -1 sh "$copy/tools/doctor.sh" required
    [[ ${lines[-1]} == *'make PYTHON='* ]] || false
}

@test "set-up stops without a compiler or a network, and before what is not its own" {
    run -2 limited make -C "$copy" setup CC=/no/cc
    [[ $output == *'leave CC= out'* ]] || false
    export PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL=http://127.0.0.1:1/ PIP_FIND_LINKS=''
    run -2 limited make -C "$copy" setup # nothing listens there
    [[ $output == *'is there a network?'* ]] || false
    rm -r "$copy/.venv" && mkdir "$copy/.venv"
    run -2 limited make -C "$copy" setup
    [ -z "$(ls -A "$copy/.venv")" ]
}

@test "set-up believes what it can import, takes up what was interrupted, and works one at a time" {
    # A Python whose pip installs nothing, in no time, and says that all is well.
    script python 'case "$*" in' \
        '*"-m venv"*) mkdir -p .venv/bin .venv/lib/python3/site-packages; cp "$0" .venv/bin/python ;;' \
        '*"-m pip"*) exit ;;' '*"import numpy"*) [ -e installed ]; exit ;;' \
        "*) exec '$(command -v "$PY")' \"\$@\" ;;" 'esac'
    base() { PYTHON=$tmp/bin/python limited sh "$copy/tools/setup.sh" base; }
    cd "$copy"
    run -1 base
    touch installed
    base >first & base >second
    wait $!
    [[ -z $(base) && $(cat first second | grep -c making) -eq 1 ]] || false
    touch .venv/.unfinished
    [[ $(base) == *'making .venv'* ]] || false
}

@test "another processor means other programs; a clean that failed says so" {
    ln -s "$PWD/../.venv" "$copy"
    build() { make -C "$copy/02-threads-in-c" build; }
    build
    [[ $(build) != *primes.c* ]] || false
    script uname 'echo another'
    [[ $(PATH=$tmp/bin:$PATH build) == *primes.c* ]] || false
    script rm 'exit 1'
    PATH=$tmp/bin:$PATH run -2 make -C "$copy" clean
}

@test "one chapter that fails does not keep make from the others, and -B makes what it can" {
    run -0 make -B -s -C .. help
    run -2 make -s -C .. chapter-6
    ln -s "$PWD/../.venv" "$copy"
    # Chapter 1 fails.
    printf '%s\n' 'build more:' 'run: ; @echo runs; [ ! -e toy_gil.c ]' | tee "$copy"/0*/Makefile >&2
    run -2 limited make -C "$copy"
    [ "$(grep -c '^runs' <<<"$output")" -eq 5 ]
}

@test "the quotas of a process's cgroups count, in both versions, and below a slice" {
    cd "$tmp"
    mkdir -p a.slice/b cpu/docker
    printf '%s\n' 0::/a.slice/b 3:cpuacct,cpu:/docker >own
    echo 'max 100000' >a.slice/b/cpu.max
    echo '150000 100000' >a.slice/cpu.max
    echo 300000 >cpu/docker/cpu.cfs_quota_us
    echo 100000 >cpu/docker/cpu.cfs_period_us
    run -0 "$PY" -c 'import cpus, pathlib; print(*cpus.quotas(pathlib.Path("own"), pathlib.Path()))'
    [ "$output" = '2 3' ]
}
