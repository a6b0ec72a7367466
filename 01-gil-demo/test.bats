# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # Bats sets output, lines and status
# What the programs in C print, and the exercise. test_gil.py has the Python.
load ../tools/helper

setup() { cd "$BATS_TEST_DIRNAME" || return; }

@test "count.c takes as many steps as count.py, on any number of threads" {
    for threads in 1 2 3 8; do
        counts 200002 "sequential threads" build/count -n 100001 -t "$threads"
        [ "$(column threads threads)" = "$threads" ]
    done
}

@test "the optimiser leaves the multiplications of count.c in their loop" {
    command -v objdump >/dev/null || skip "objdump is missing"
    compile -O3 -pthread -c -Dmain=other_main -Dstatic= count.c -o "$BATS_TEST_TMPDIR/count.o"
    run objdump --disassemble=count_down "$BATS_TEST_TMPDIR/count.o"
    [[ $output == *mul* || $output == *madd* ]] || false
}

# run_until VERSION COLUMN COMMAND ...: run it until a count is above 0. On a busy machine one thread
# may be done before the other begins.
run_until() {
    for _ in {1..100}; do
        run "${@:3}"
        [ "$status" -eq 0 ] || return 1
        [ "$(column "$2" "$1")" -eq 0 ] || return 0
    done
    return 1
}

@test "the toy interpreter's counts are right with a GIL and with atomic counts, wrong with neither" {
    for threads in 2 3 8; do
        run_until no-lock freed limited build/toy_gil -n 40 -t "$threads"
        for version in alone gil-alone atomic-alone gil gil-released atomic; do
            [ "$(column answer "$version") $(column lost "$version") $(column freed "$version")" = '4 0 0' ]
        done
        [ "$(column switches gil)" -ge "$((threads - 1))" ] # each thread had its turn
        [ "$(column switches gil-alone) $(column switches no-lock)" = '0 0' ]
    done
    run_until no-lock freed on_one_core build/toy_gil -n 20 # they go wrong on one core too
}

@test "with the toy's GIL held one thread is in native code, with it released there are several" {
    run -0 limited build/toy_gil -n 40 -t 3 -v 5
    [ "$(column inside gil)" -eq 1 ]
    for _ in {1..100}; do
        run -0 limited build/toy_gil -n 40 -t 3 -v 6
        [ "$(column inside gil-released)" -eq 1 ] || break
    done
    [ "$(column inside gil-released)" -gt 1 ]
}

@test "ThreadSanitizer sees no data race with the GIL, but without it, and with one that does not lock" {
    tsan_works || skip "ThreadSanitizer does not work here"
    # Counts are plain here: to ThreadSanitizer a relaxed atomic is never a race.
    cat >"$BATS_TEST_TMPDIR/plain.h" <<'EOF'
#include <stdatomic.h>
#undef atomic_load
#undef atomic_store
#undef atomic_load_explicit
#undef atomic_store_explicit
#define atomic_load(at) __atomic_load_n((int *)(at), __ATOMIC_SEQ_CST)
#define atomic_store(at, value) __atomic_store_n((int *)(at), value, __ATOMIC_SEQ_CST)
#define atomic_load_explicit(at, order) (*(long *)(at))
#define atomic_store_explicit(at, value, order) (*(long *)(at) = (value))
EOF
    for waits in 1 0; do
        compile -w -D_GNU_SOURCE= -DWAITS=$waits -include "$BATS_TEST_TMPDIR/plain.h" -g -O1 \
            -fsanitize=thread -pthread toy_gil.c -o "$BATS_TEST_TMPDIR/toy"
        for version in 4 5 6 7; do # no-lock, gil, gil-released, atomic
            run limited "$BATS_TEST_TMPDIR/toy" -n 8 -t 4 -i 500 -v $version
            expected=0
            [ $version -ne 4 ] && [ $waits$version != 05 ] && [ $waits$version != 06 ] || expected=66
            [ "$status" -eq $expected ]
        done
    done
}

@test "timeline.py draws a strip for each thread, where UTF-8 cannot be written too" {
    for work in python hash sleep; do
        run -0 limited "$PY" timeline.py -w "$work" -t 3 -n 60
        [ "$(grep -cE '^thread [123]  .* +[0-9]+%$' <<<"$output")" -eq 3 ]
    done
    [ -n "$(tr -d '\11\12\40-\176' <<<"$output")" ]
    PYTHONIOENCODING=ascii run -0 limited "$PY" timeline.py -n 20
    [ -z "$(tr -d '\11\12\40-\176' <<<"$output")" ]
}

# The exercise

@test "the exercise's starter fails as it says, its solution passes" {
    PYTHONPATH=exercise run -0 limited "$PY" exercise/starter.py
    CHECK_PATIENCE=0.5 run make -s exercise WORK=exercise/starter.py
    [ "$status" -ne 0 ]
    [[ $output == *"right    every document"* ]] || false
    [[ $output == *"not yet  the waits overlap"*"not yet  several cores parse"* ]] || false
    CHECK_PATIENCE=100 run -0 make -s exercise WORK=exercise/solution.py
    [[ $output != *"not yet"* ]] || false
}

@test "wrong ways to finish the exercise are refused, each for its own reason" {
    refused() { # refused FILE REASON
        CHECK_PATIENCE=0.5 run make -s exercise WORK="$1"
        [ "$status" -ne 0 ] && [[ $output == *"not yet  $2"* ]]
    }
    # Without a GIL threads are right for everything.
    ! gil_is_on || refused exercise/wrong/threads_for_everything.py "several cores parse"
    refused exercise/wrong/fingerprints_one_by_one.py "fingerprints are computed at once"
    refused exercise/wrong/processes_for_everything.py "the waits overlap"
    refused exercise/wrong/makes_answers_up.py "every document"
    echo 'raise SystemExit' >"$BATS_TEST_TMPDIR/broken.py"
    refused "$BATS_TEST_TMPDIR/broken.py" "it runs to its end"
}
