# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
load ../tools/helper

setup() { cd "$BATS_TEST_DIRNAME" || return; }

@test "every schedule of primes.c counts the same primes, on any number of threads" {
    for threads in 1 2 3 8; do
        run build/primes -n 200000 -t "$threads"
        [ "$status" -eq 0 ]
        rows_are_well_formed
        for version in sequential static dynamic; do
            [ "$(column answer "$version")" = 17984 ]
        done
    done
}

@test "the default is the 148933 primes below 2000000" {
    run build/primes
    [ "$status" -eq 0 ]
    [ "$(column answer dynamic)" = 148933 ]
}

@test "the edges of the range are right: below 1, 2, 3, one chunk and one chunk more" {
    for pair in 1:0 2:0 3:1 4096:564 4097:564 4100:565; do
        run build/primes -n "${pair%:*}" -t 3
        [ "$status" -eq 0 ]
        [ "$(column answer static)" = "${pair#*:}" ]
        [ "$(column answer dynamic)" = "${pair#*:}" ]
    done
}

@test "primes.py gives the answer of primes.c, in Python, held and released" {
    run limited "$PY" primes.py -n 20000 -t 3
    [ "$status" -eq 0 ]
    rows_are_well_formed
    for version in python python-threads pydll pydll-threads cdll-threads; do
        [ "$(column answer "$version")" = 2262 ]
    done
}

@test "PyDLL keeps one core busy: the GIL is held during the call" {
    gil_is_on || skip "this interpreter has no GIL"
    run limited "$PY" primes.py -n 400000 -t 2
    [ "$status" -eq 0 ]
    for version in python-threads pydll-threads; do
        awk -v busy="$(column busy "$version")" 'BEGIN { exit !(busy > 0 && busy <= 1.25) }'
    done
}

@test "each thread has a share, and of many threads the first eight are shown" {
    run build/primes -n 20000 -t 2
    [[ $(column shares static) =~ ^[0-9]+%\|[0-9]+%$ ]] || false
    run build/primes -n 20000 -t 9
    [[ $(column shares static) =~ ^([0-9]+%\|){8}\.\.\.$ ]] || false
}

@test "primes.py runs without the library, says so, and says how to get it" {
    cp primes.py "$BATS_TEST_TMPDIR"
    run limited "$PY" -I -S "$BATS_TEST_TMPDIR/primes.py" -n 1000
    [ "$status" -eq 0 ]
    [ "$(column answer python-threads)" = 168 ]
    [[ ${lines[-1]} == "no C rows: compile the library"* ]] || false
}

@test "a chunk that is left out is caught: exit 1 and a line that says so" {
    sed 's/atomic_fetch_add(&next, CHUNK)/atomic_fetch_add(\&next, CHUNK + 1)/' \
        primes.c >"$BATS_TEST_TMPDIR/wrong.c"
    compile -O2 -pthread "$BATS_TEST_TMPDIR/wrong.c" -o "$BATS_TEST_TMPDIR/wrong"
    run "$BATS_TEST_TMPDIR/wrong" -n 200000
    [ "$status" -eq 1 ]
    [[ $output == *"1 rows differ from the sequential answer"* ]] || false

    mkdir "$BATS_TEST_TMPDIR/build"
    cp primes.py "$BATS_TEST_TMPDIR"
    sed 's/n = low; n < high/n = low + 1; n < high/' primes.c >"$BATS_TEST_TMPDIR/wrong.c"
    compile -O2 -pthread -shared -fPIC "$BATS_TEST_TMPDIR/wrong.c" \
        -o "$BATS_TEST_TMPDIR/build/libprimes.so"
    run limited "$PY" "$BATS_TEST_TMPDIR/primes.py" -n 192 # the chunks start at odd numbers
    [ "$status" -eq 1 ]
    [[ $output == *"rows differ from the first one's answer"* ]] || false
}

@test "threads and chunks are free of data races (ThreadSanitizer)" {
    echo 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/try.c"
    { compile -fsanitize=thread -pthread "$BATS_TEST_TMPDIR/try.c" -o "$BATS_TEST_TMPDIR/try" &&
        "$BATS_TEST_TMPDIR/try"; } 2>/dev/null || skip "ThreadSanitizer does not work here"
    compile -g -O1 -fsanitize=thread -pthread primes.c -o "$BATS_TEST_TMPDIR/tsan"
    run limited "$BATS_TEST_TMPDIR/tsan" -n 20000 -t 4
    [ "$status" -eq 0 ]
    # The twin with a plain counter is flagged, so the check can fail.
    sed 's/^static atomic_uint_fast64_t next;/static uint64_t next;/
         s/atomic_fetch_add(&next, CHUNK)/(next += CHUNK) - CHUNK/
         s/atomic_store(&next, 0)/next = 0/' primes.c >"$BATS_TEST_TMPDIR/racy.c"
    compile -g -O1 -fsanitize=thread -pthread "$BATS_TEST_TMPDIR/racy.c" -o "$BATS_TEST_TMPDIR/racy"
    run limited "$BATS_TEST_TMPDIR/racy" -n 200000 -t 4
    [ "$status" -eq 66 ]
    [[ $output == *"data race"* ]] || false
}

@test "values out of range are refused in one line" {
    for program in build/primes "$PY primes.py"; do
        for value in 0 -3 99999 abc '' 1e99 2.5 99999999999999999999999; do
            # shellcheck disable=SC2086 # the command is two words
            refuses -t "$value" $program
            # shellcheck disable=SC2086
            [ "$value" = 99999 ] || refuses -n "$value" $program
        done
    done
}

@test "the commands at the head of the files work as typed" {
    cp primes.c primes.py "$BATS_TEST_TMPDIR" && cd "$BATS_TEST_TMPDIR"
    run bash -c "$(sed -n 's/^ \*     \(cc .*\)/\1/p' primes.c)"
    [ "$status" -eq 0 ]
    run limited bash -c "$(sed -n '/^    mkdir /p; /^    python3 /s/$/ -n 1000/p' primes.py)"
    [ "$status" -eq 0 ]
    [ "$(column answer cdll-threads)" = 168 ]
}
