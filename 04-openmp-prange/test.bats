# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# Answers, refusals and facts about the team of threads. Never that something is faster.
load ../tools/helper

# build_twin NAME CFLAGS LIBS SED...: the chapter's Cython, changed, in a folder with a space
build_twin() {
    local folder="$BATS_FILE_TMPDIR/$1 twin" cflags=$2 libs=$3
    shift 3
    mkdir "$folder"
    cp add.py stream.h "$folder"
    sed "$@" parallel_add.pyx >"$folder/parallel_add.pyx"
    sed 's/-O3/-O0/' setup.py >"$folder/setup.py" # compiles in a third of the time
    cd "$folder" && OPENMP_CFLAGS=$cflags OPENMP_LIBS=$libs "$python" setup.py -q build_ext \
        --build-lib build --build-temp build/temp
}

setup_file() {
    cd "$BATS_TEST_DIRNAME" || exit 1
    python=$PY
    [ "$(probed OPENMP)" = yes ] || return 0
    # Both at once, for it takes some seconds. A failure shows in the tests that use them.
    build_twin serial '' '' '' &
    build_twin wrong "$(probed OPENMP_CFLAGS)" "$(probed OPENMP_LIBS)" \
        -e '/^def add_arrays(/,/^def add_arrays_/s/in prange(n,/in prange(n - 1,/' \
        -e '/^def add_serial(/,/^def add_arrays(/s/ = a\[i\]/ = 0.0 \/ (a[i] - a[i])/' &
    wait
}

setup() {
    cd "$BATS_TEST_DIRNAME" || exit 1
    [ "$(probed OPENMP)" = yes ] ||
        skip 'this compiler has no OpenMP: make doctor says what to install'
    python=$PY
}

c() { limited build/add "$@"; }
py() { limited "$python" add.py "$@"; }

rows() { sed -n '/^version /,/^$/p' | sed '1d;/^$/d'; }

# refused NAME VALUE COMMAND ...: exit 2 and one line with both and the range. (libgomp says a
# line of its own about OMP_NUM_THREADS, before any program starts.)
refused() {
    local name=$1 value=$2
    shift 2
    run "$@"
    [ "$status" -eq 2 ]
    run grep -v '^libgomp' <<<"$(printf '%s\n' "${lines[@]}")"
    [ "${#lines[@]}" -eq 1 ]
    [[ ${lines[0]} == add*"$name"*"'$value'"*'expected a whole number from 1 to '* ]] || false
}

# rejects EXCEPTIONS STATEMENT ...: after each statement every function raises one of them, and
# all arrays are as they were.
rejects() {
    "$python" - "$@" <<'PY'
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
    local n t
    for n in 1 7 1000 1000003; do
        for t in 1 2 3 8; do
            c -n $n -t $t >"$BATS_TEST_TMPDIR/$n.$t.c" &
            py -n $n -t $t >"$BATS_TEST_TMPDIR/$n.$t.py" &
        done
    done
    wait
    for n in 1 7 1000 1000003; do
        for t in 1 2 3 8; do
            run bash -c "cat '$BATS_TEST_TMPDIR/$n.$t.'* | awk '\$2 ~ /^[0-9]+\$/ {print \$3}' | uniq -c"
            [[ $output =~ ^\ *([0-9]+)\ ([0-9]+)$ ]] || false
            [ "${BASH_REMATCH[1]}" -ge 5 ]
            [ "${BASH_REMATCH[2]}" -eq $((3 * n * (n - 1) / 2)) ]
        done
    done
}

@test "both print a title, the header, rows that fit it, a blank line and notes" {
    local program
    for program in c py; do
        run $program -n 1000 -t 2
        [ "$status" -eq 0 ]
        [ "${lines[0]}" = 'add two vectors of 1000 doubles; seconds for one addition' ]
        [[ ${lines[1]} =~ ^version\ +threads\ +answer\ +seconds\ +speedup\ +busy\ +GB/s$ ]] || false
        run awk 'NF != 7 || $2 !~ /^[12]$/ || $4 <= 0 || $7 !~ /^[0-9]+\.[0-9]$/ || seen[$1]++ {print}' <<<"$(rows <<<"$output")"
        [ -z "$output" ]
    done
}

@test "with two threads the first does the first half and the second the second" {
    run c -n 1000 -t 2
    [[ $output == *$'\n\nthread of each eighth: 0 0 0 0 1 1 1 1'* ]] || false
    run py -n 1000 -t 2
    [[ $output == *$'\n\nthread of each eighth: 0 0 0 0 1 1 1 1'* ]] || false
}

@test "OMP_NUM_THREADS is the default of -t, also in its list form, and -t overrides it" {
    local program
    for program in c py; do
        OMP_NUM_THREADS=3 $program -n 1000 >"$BATS_TEST_TMPDIR/$program.plain" &
        OMP_NUM_THREADS=3,2 $program -n 1000 >"$BATS_TEST_TMPDIR/$program.list" &
        OMP_NUM_THREADS=3 $program -n 1000 -t 2 >"$BATS_TEST_TMPDIR/$program.option" &
    done
    wait
    for program in c py; do
        [ "$(rows <"$BATS_TEST_TMPDIR/$program.plain" | awk 'END {print $2}')" -eq 3 ]
        [ "$(rows <"$BATS_TEST_TMPDIR/$program.list" | awk 'END {print $2}')" -eq 3 ]
        [ "$(rows <"$BATS_TEST_TMPDIR/$program.option" | awk 'END {print $2}')" -eq 2 ]
    done
}

@test "an OMP_NUM_THREADS that is no number of threads ends both before OpenMP starts" {
    local value
    for value in abc -3 99999 0 ''; do
        OMP_NUM_THREADS=$value refused OMP_NUM_THREADS "$value" c -n 1000
        OMP_NUM_THREADS=$value refused OMP_NUM_THREADS "$value" py -n 1000
    done
}

@test "a wrong -t or -n is a usage error: one line with the option, the value and the range" {
    local value
    for value in 0 -3 99999 abc ''; do
        refused -t "$value" c -t "$value"
        refused -t "$value" py -t "$value"
    done
    for value in 0 1e99 1000000000000 abc ''; do
        refused -n "$value" c -n "$value"
        refused -n "$value" py -n "$value"
    done
}

@test "an option that does not exist or lacks its value is a usage error, --help is none" {
    local program
    for program in c py; do
        for arguments in -x -n extra; do
            run $program $arguments
            [ "$status" -eq 2 ]
            [ "${#lines[@]}" -eq 1 ]
        done
        run $program --help
        [ "$status" -eq 0 ]
    done
}

@test "the largest -n fits in the memory of this machine, and is the same in both" {
    local limits
    limits=$({ c -n 1000000000000 || py -n 1000000000000 || true; } 2>&1 | sed 's/.* to //' | uniq)
    [[ $limits =~ ^[0-9]+$ ]] || false
    [ "$limits" -le 1000000000 ]
    [ $((24 * limits)) -lt $(($(getconf _PHYS_PAGES) * $(getconf PAGE_SIZE))) ]
}

@test "memory that the system does not give is a usage error that names -n" {
    (ulimit -v 500000) 2>/dev/null || skip 'this system cannot limit the memory of a process'
    run bash -c 'ulimit -v 500000; OMP_NUM_THREADS=2 build/add -n 60000000'
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *"-n '60000000'"* ]] || false
}

@test "arrays of different length raise ValueError and nothing is written" {
    rejects ValueError 'a = x[:-1]' 'b = y[:-1]' 'out = zeros[:999]' 'out = zeros' 'a = x[:0]'
}

@test "a wrong dtype or dimension raises ValueError and nothing is written" {
    rejects ValueError 'a = x.astype(np.float32)' 'b = y.astype(int)' \
        'out = zeros[:500].view(np.float32)' 'out = zeros[:1000].view(int)' \
        'a = x.astype(">f8")' 'out = zeros.reshape(1000, 2)'
}

@test "an array with gaps raises ValueError and nothing is written" {
    rejects ValueError 'a = np.arange(2000.0)[::2]' 'b = y[::-1]' 'out = zeros[::2]'
}

@test "a read-only out raises ValueError or BufferError and nothing is written" {
    rejects '(ValueError, BufferError)' 'out.flags.writeable = False' 'out = bytes(8000)'
}

@test "an array whose elements are not aligned raises ValueError and nothing is written" {
    rejects ValueError 'a = np.zeros(8001, np.uint8)[1:].view(float)' \
        'out = zeros[:1001].view(np.uint8)[1:8001].view(float)'
}

@test "None or a list raises TypeError and nothing is written" {
    rejects TypeError 'a = None' 'b = None' 'out = None' 'a = list(x)' 'out = [0.0] * 1000'
}

@test "an out that is a shifted part of an input raises ValueError and nothing is written" {
    rejects ValueError 'z = zeros; a, out = z[:1000], z[1:1001]' 'b, out = zeros[9:1009], zeros[:1000]'
}

@test "right arrays of every kind are added: read-only, in place, empty, odd" {
    "$python" - <<'PY'
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
    rejects '(ValueError, TypeError)' \
        'old = add; add = lambda *arrays: old(*arrays, -1)' \
        'old = add; add = lambda *arrays: old(*arrays, 257)' \
        'old = add; add = lambda *arrays: old(*arrays, 10**30)' \
        'old = add; add = lambda *arrays: old(*arrays, 2.5)' \
        'old = add; add = lambda *arrays: old(*arrays, None)'
}

@test "the extension is linked against an OpenMP runtime" {
    command -v ldd >/dev/null || skip 'ldd is not here'
    ldd build/parallel_add.*.so | grep -E 'lib(g|i)?omp'
}

@test "without the OpenMP flags prange is silently serial: right answers, one thread" {
    run limited "$python" "$BATS_FILE_TMPDIR/serial twin/add.py" -n 1000 -t 2
    [ "$status" -eq 0 ]
    [[ $output == *'thread of each eighth: 0 0 0 0 0 0 0 0'* ]] || false
}

@test "with nogil around prange with nogil=True does not compile" {
    cat >"$BATS_TEST_TMPDIR/twice.pyx" <<'PYX'
# cython: language_level=3
from cython.parallel cimport prange
def add(double[:] a, double[:] b):
    cdef Py_ssize_t i
    with nogil:
        for i in prange(a.shape[0], nogil=True):
            a[i] += b[i]
PYX
    run limited "$python" -m cython "$BATS_TEST_TMPDIR/twice.pyx"
    [ "$status" -ne 0 ]
    [[ $output == *'Trying to release the GIL while it was previously released.'* ]] || false
}

@test "a C twin that leaves an element out, or writes NaN, is caught by its own check" {
    local twins=('/parallel for simd/{n;s/i < n;/i < n - 1;/;}' '/parallel for simd/{n;n;s/ = a/ = NAN * a/;}')
    local wrong=(1 1000) i
    for i in 0 1; do
        sed "${twins[i]}" add.c >"$BATS_TEST_TMPDIR/twin.c"
        compile_openmp -O1 "$BATS_TEST_TMPDIR/twin.c" -o "$BATS_TEST_TMPDIR/twin"
        run limited "$BATS_TEST_TMPDIR/twin" -n 1000 -t 2
        [ "$status" -eq 1 ]
        grep -qx "add: wrong answer; elements that are not a + b: ${wrong[i]}" <<<"$output"
    done
}

@test "a Cython twin that leaves an element out and one that writes NaN are caught by the check" {
    run limited "$python" "$BATS_FILE_TMPDIR/wrong twin/add.py" -n 1000 -t 2
    [ "$status" -eq 1 ]
    grep -qx 'add.py: wrong answer; elements that are not a + b: 1001' <<<"$output"
}

@test "the command at the head of add.c works as typed" {
    cp add.c "$BATS_TEST_TMPDIR" && cd "$BATS_TEST_TMPDIR"
    run limited bash -c "$(sed -n 's/^ \*     \(cc .*\)/\1 -n 1000/p' add.c)"
    [ "$status" -eq 0 ]
}

@test "before it is built, add.py says in one line how to build it" {
    cp add.py "$BATS_TEST_TMPDIR"
    run limited "$python" "$BATS_TEST_TMPDIR/add.py"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *'in 04-openmp-prange, type: make build'* ]] || false
}

@test "without OpenMP, make build fails and says in one line what to do" {
    mkdir -p "$BATS_TEST_TMPDIR/tools/build" "$BATS_TEST_TMPDIR/chapter"
    cp Makefile "$BATS_TEST_TMPDIR/chapter" && cp ../tools/*.mk ../tools/*.sh "$BATS_TEST_TMPDIR/tools"
    # shellcheck disable=SC2016 # a script for later
    printf '#!/bin/sh\nfor word; do case $word in *openmp) exit 1 ;; esac; done\nexec cc "$@"\n' \
        >"$BATS_TEST_TMPDIR/no-openmp"
    chmod +x "$BATS_TEST_TMPDIR/no-openmp"
    CC=$BATS_TEST_TMPDIR/no-openmp run make -s -C "$BATS_TEST_TMPDIR/chapter" build/openmp
    [ "$status" -ne 0 ]
    [[ ${lines[0]} == 'OpenMP: no'* ]] || false
    [[ ${lines[1]} == 'chapter 4 needs OpenMP'*'make doctor'* ]] || false
}
