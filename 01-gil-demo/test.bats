# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # Bats sets output, lines and status
# What the programs in C print. test_gil.py has the Python.
load ../tools/helper

setup() { cd "$BATS_TEST_DIRNAME" || return; }

@test "count.c takes as many steps as count.py, on any number of threads" {
    for threads in 1 2 3 8; do
        counts 200002 "sequential threads" build/count -n 100001 -t "$threads"
        [ "$(column threads threads)" = "$threads" ]
    done
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
            [ "$(column answer "$version") $(column freed "$version")" = '1 0' ]
        done
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
