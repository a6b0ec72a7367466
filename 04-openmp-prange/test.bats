# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# Answers, refusals and facts about the team of threads. Never that something is faster.
load ../tools/helper

# changed FILE SED: print FILE as sed changes it, and fail if it changes nothing
changed() {
    sed "$2" "$1" | tee "$BATS_TEST_TMPDIR/changed"
    ! cmp -s "$1" "$BATS_TEST_TMPDIR/changed" || return 1
}

# build_twin CFLAGS LIBS: build what stands in $twin, a folder with a space in its name
build_twin() {
    cp add.py ./*.h setup.py "$twin"
    ln -sfn "$PWD/../tools" "$BATS_TEST_TMPDIR/tools"
    # -O0 compiles in a third of the time.
    (cd "$twin" && CFLAGS=-O0 OPENMP_CFLAGS=$1 OPENMP_LIBS=$2 "$PY" setup.py -q build_ext \
        --build-lib build --build-temp build/temp)
}

setup() {
    cd "$BATS_TEST_DIRNAME" || exit 1
    needs_openmp
    twin="$BATS_TEST_TMPDIR/a twin"
    mkdir "$twin"
    export OMP_WAIT_POLICY=passive # more threads than cores: an idle one must not spin
}

c() { limited build/add "$@"; }
py() { limited "$PY" add.py "$@"; }

# rejects EXCEPTIONS STATEMENT ...: after each statement every function raises one of them, and
# all arrays are as they were.
rejects() {
    "$PY" - "$@" <<'PY'
import sys
sys.path.insert(0, "build")
import numpy as np
import parallel_add
expected = eval(sys.argv[1])
functions = (parallel_add.add_arrays, parallel_add.add_serial, parallel_add.add_arrays_stream)
for statement in sys.argv[2:]:
    for add in functions:
        x, y, zeros = np.arange(1000.0), 2 * np.arange(1000.0), np.zeros(2000)
        a, b, out = x, y, zeros[:1000]
        exec(statement)
        try:
            add(a, b, out)
        except expected as error:
            print(f"{statement}: {type(error).__name__}: {error}")
        else:
            sys.exit(f"{statement}: {add.__name__} took it")
        assert not zeros.any() and (x == np.arange(1000)).all() and (y == 2 * x).all(), statement
PY
}

@test "C, NumPy and Cython give the same exact answer for every size and number of threads" {
    while read -r n t; do
        for program in c py; do
            run -0 $program -n "$n" -t "$t"
            run awk '$2 ~ /^[0-9]+$/ && NF == 7 {print $3}' <<<"$output"
            [ "${#lines[@]}" -ge 2 ]
            [ "$(sort -u <<<"$output")" = $((3 * n * (n - 1) / 2)) ]
        done
    done <<<$'1 8\n1000 3\n1000003 2'
}

@test "the threads of a team are in the loop at the same time, on one core too" {
    for program in build/add "$PY add.py"; do
        # shellcheck disable=SC2086 # a command of several words
        run -0 on_one_core $program -n 1000 -t 3
        [[ $output == *'; inside at one moment: 3'* ]] || false
    done
    [[ $output == *'OpenMP runtimes loaded: lib'* ]] || false
}

@test "a default team of more than 256 threads does not write beyond the 256 places of inside()" {
    OMP_NUM_THREADS=300 run -0 limited "$PY" - <<'PY'
import sys
sys.path.insert(0, "build")
import parallel_add
for threads in 0, 257, -1, None, 2.5:
    try:
        parallel_add.inside(threads)
    except (ValueError, TypeError):
        continue
    sys.exit(f"{threads} was taken")
assert parallel_add.inside(1) == 1 and len(parallel_add.team_ids(1000)) == 8
PY
}

@test "threads that take turns are not in the loop at the same time" {
    twin add.c 's/^    meet(/#pragma omp critical\n&/'
    (cd "$twin" && compile_openmp -O1 add.c -o turns)
    run -0 limited "$twin/turns" -n 1000
    [[ $output == *'; inside at one moment: 1' ]] || false
}

@test "the team has as many threads as -t or else OMP_NUM_THREADS says, each with its own part" {
    eighths='thread of each eighth:'
    for program in c py; do
        run $program -n 1000
        [[ $output == *"$eighths 0 0 0 0 1 1 1 1"* ]] || false
        OMP_NUM_THREADS=3,2 run $program -n 1000
        [[ $output == *"$eighths 0 0 0 1 1 1 2 2"* ]] || false
        OMP_NUM_THREADS=3 run $program -n 1000 -t 1
        [[ $output == *"$eighths 0 0 0 0 0 0 0 0"* ]] || false
    done
}

@test "vectors that do not fit in memory are refused in one line, with exit code 2" {
    (ulimit -v 3000000) 2>/dev/null || skip 'this system cannot limit the memory of a process'
    for program in build/add "$PY add.py"; do
        run -2 limited bash -c "ulimit -v 3000000; OPENBLAS_NUM_THREADS=1 $program -n 1000000000"
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == add*': no memory'* ]] || false
    done
}

@test "arrays that differ, have gaps, are not aligned or shifted raise ValueError before any write" {
    rejects ValueError 'a = x[:-1]' 'b = y[:-1]' 'out = zeros[:999]' 'out = zeros' 'a = x[:0]' \
        'a = x.astype(np.float32)' 'b = y.astype(int)' 'out = zeros[:500].view(np.float32)' \
        'out = zeros[:1000].view(int)' 'a = x.astype(">f8")' 'out = zeros.reshape(1000, 2)' \
        'a = np.arange(2000.0)[::2]' 'b = y[::-1]' 'out = zeros[::2]' \
        'a = np.zeros(8001, np.uint8)[1:].view(float)' \
        'out = zeros[:1001].view(np.uint8)[1:8001].view(float)' \
        'z = zeros; a, out = z[:1000], z[1:1001]' 'b, out = zeros[9:1009], zeros[:1000]'
}

@test "a read-only out, None and a list are refused and nothing is written" {
    rejects '(ValueError, BufferError)' 'out.flags.writeable = False' 'out = bytes(8000)'
    rejects TypeError 'a = None' 'b = None' 'out = None' 'a = list(x)' 'out = [0.0] * 1000'
}

@test "right arrays of every kind are added: read-only, in place, empty, odd" {
    "$PY" - <<'PY'
import sys
sys.path.insert(0, "build")
import numpy as np
import parallel_add as p
for add in (p.add_serial, p.add_arrays, p.add_arrays_stream):
    for n in (0, 1, 2, 3, 16383, 16384, 16385, 100001):
        for start in (0, 1):  # by 8 bytes
            for team in ((),) if add is p.add_serial else ((), (1,), (2,), (3,), (8,)):
                a, b = np.random.default_rng(n).normal(size=(2, n))
                a.flags.writeable = False
                out = np.full(n + 3, np.nan)
                add(a, b, out[start : start + n], *team)
                assert (out[start : start + n] == a + b).all(), (add, n, start, team)
                assert np.isnan(out[:start]).all() and np.isnan(out[start + n :]).all(), (add, n)
                before = b.copy()
                add(a, b, b, *team)
                assert (b == a + before).all(), (add, n, team)
PY
}

@test "a number of threads outside 0 to 256 raises ValueError, another type TypeError" {
    for team in -1 257 '10**30' 2.5 None; do
        rejects '(ValueError, TypeError)' "old = add; add = lambda *arrays: old(*arrays, $team)"
    done
}

@test "a C twin that leaves an element out, or writes NaN, is caught by its own check" {
    for change in '/parallel for simd/{n;s/i < n;/i < n - 1;/;}' \
        '/parallel for simd/{n;n;s/ = a/ = NAN * a/;}'; do
        changed add.c "$change" >"$BATS_TEST_TMPDIR/twin.c"
        compile_openmp -O1 -I. "$BATS_TEST_TMPDIR/twin.c" -o "$BATS_TEST_TMPDIR/twin"
        run -1 limited "$BATS_TEST_TMPDIR/twin" -n 1000 -t 2
        [[ $output == *'twin: wrong answer: openmp'* ]] || false
    done
}

@test "a Cython twin that leaves an element out and one that writes NaN are caught by the check" {
    changed parallel_add.pyx '/^def add_arrays(/,/^def add_arrays_/s/in prange(n,/in prange(n - 1,/' \
        >"$BATS_TEST_TMPDIR/short.pyx"
    changed "$BATS_TEST_TMPDIR/short.pyx" \
        '/^def add_serial(/,/^def add_arrays(/s/ = a\[i\]/ = 0.0 \/ (a[i] - a[i])/' \
        >"$twin/parallel_add.pyx"
    build_twin "$(probed OPENMP_CFLAGS)" "$(probed OPENMP_LIBS)"
    run -1 limited "$PY" "$twin/add.py" -n 1000 -t 2
    [[ $output == *'add.py: wrong answer: cython-serial cython-prange'* ]] || false
}

@test "without OpenMP, make build fails and says in one line what to do" {
    cd "$BATS_TEST_TMPDIR"
    mkdir -p tools/build chapter
    cp "$BATS_TEST_DIRNAME/Makefile" chapter && cp "$BATS_TEST_DIRNAME"/../tools/*.{mk,sh} tools
    printf '#!/bin/sh\ncase "$*" in *openmp*) exit 1 ;; esac\nexec cc "$@"\n' >no-omp
    chmod +x no-omp
    CC=$PWD/no-omp run make -s -C chapter build/openmp
    [ "$status" -ne 0 ]
    [[ ${lines[0]} == 'OpenMP: no'* ]] || false
    [[ ${lines[1]} == 'chapter 4 needs OpenMP'*'make doctor'* ]] || false
}
