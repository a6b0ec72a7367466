# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
load ../tools/helper

setup() { cd "$BATS_TEST_DIRNAME" || return; }

@test "every version of count.py takes 2n steps" {
    run limited "$PY" count.py -n 100001 -t 3
    [ "$status" -eq 0 ]
    rows_are_well_formed
    for version in sequential threads processes asyncio; do
        [ "$(column answer "$version")" = 200002 ]
    done
    [[ $output == "count down from 100,001, twice"* ]] || false
}

@test "count.c takes as many steps as count.py, on any number of threads" {
    for threads in 1 2 3 8; do
        run build/count -n 100001 -t "$threads"
        [ "$status" -eq 0 ]
        rows_are_well_formed
        [ "$(column answer sequential)" = 200002 ]
        [ "$(column answer threads)" = 200002 ]
        [ "$(column threads threads)" = "$threads" ]
    done
}

@test "two Python threads keep one core busy, not two" {
    gil_is_on || skip "this interpreter has no GIL"
    run limited "$PY" count.py -n 1000000 -t 2
    [ "$status" -eq 0 ]
    awk -v busy="$(column busy threads)" 'BEGIN { exit !(busy > 0 && busy <= 1.25) }'
    awk -v busy="$(column busy asyncio)" 'BEGIN { exit !(busy > 0 && busy <= 1.25) }'
}

@test "the C loop survives the optimiser, and its twin without the barrier does not" {
    command -v objdump >/dev/null || skip "objdump is missing"
    # A loop is a jump back into its own function.
    compile -O3 -c -o "$BATS_TEST_TMPDIR/count.o" -x c - <<<"$(sed '/^struct worker/,$d' count.c)
        uint64_t keep(uint64_t n) { return count_down(n); }"
    run objdump -d "$BATS_TEST_TMPDIR/count.o"
    [[ $output == *"keep+"* ]] || false
    compile -O3 -c -o "$BATS_TEST_TMPDIR/gone.o" -x c - <<<"$(sed '/^struct worker/,$d; /__asm__/d' count.c)
        uint64_t keep(uint64_t n) { return count_down(n); }"
    run objdump -d "$BATS_TEST_TMPDIR/gone.o"
    [[ $output != *"keep+"* ]] || false
}

@test "a wrong count is caught: exit 1 and a line that says so" {
    sed 's/worker->steps = count_down(worker->n)/worker->steps = count_down(worker->n) - 1/' \
        count.c >"$BATS_TEST_TMPDIR/wrong.c"
    compile -O2 -pthread "$BATS_TEST_TMPDIR/wrong.c" -o "$BATS_TEST_TMPDIR/wrong"
    run "$BATS_TEST_TMPDIR/wrong" -n 1000
    [ "$status" -eq 1 ]
    [[ $output == *"wrong answer in 1 rows, expected 2000"* ]] || false

    sed 's/return sum(pool.map(count_down, shares))/return sum(pool.map(count_down, shares[1:]))/' \
        count.py >"$BATS_TEST_TMPDIR/wrong.py"
    run limited "$PY" "$BATS_TEST_TMPDIR/wrong.py" -n 1000
    [ "$status" -eq 1 ]
    [[ $output == *"wrong answer in 1 rows, expected 2000"* ]] || false
}

@test "values out of range are refused in one line" {
    for program in build/count "$PY count.py"; do
        for value in 0 -3 99999 abc '' 1e99 2.5 99999999999999999999999; do
            # shellcheck disable=SC2086 # the command is two words
            refuses -t "$value" $program
            # shellcheck disable=SC2086
            [ "$value" = 99999 ] || refuses -n "$value" $program
        done
    done
}

@test "an unknown option is refused in one line, and --help explains the known ones" {
    for program in build/count "$PY count.py"; do
        # shellcheck disable=SC2086
        run $program -x
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        # shellcheck disable=SC2086
        run $program 5
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        # shellcheck disable=SC2086
        run $program --help
        [ "$status" -eq 0 ]
        [[ $output == *-n*-t* ]] || false
    done
}

@test "count.py needs nothing but a bare Python" {
    run limited "$PY" -I -S count.py -n 1000
    [ "$status" -eq 0 ]
}

@test "the command at the head of count.c works as typed" {
    command=$(sed -n 's/^ \*     \(cc .*\)/\1/p' count.c)
    cp count.c "$BATS_TEST_TMPDIR" && cd "$BATS_TEST_TMPDIR"
    run bash -c "$command"
    [ "$status" -eq 0 ]
}
