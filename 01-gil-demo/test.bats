# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # Bats sets output, lines and status
# What the programs in C print. test_gil.py has the Python.
load ../tools/helper

setup() { cd "$BATS_TEST_DIRNAME" || return; }

# run_until VERSION COLUMN COUNT COMMAND ...: run it until the count is above COUNT. On a busy machine
# one thread may be done before the other begins.
run_until() {
    for _ in {1..100}; do
        run "${@:4}"
        [ "$status" -eq 0 ] || return 1
        [ "$(column "$2" "$1")" -le "$3" ] || return 0
    done
    return 1
}

@test "answers are right on any number of threads, but counts are not without a GIL or atomics" {
    for threads in 2 3 8; do
        counts 200002 "sequential threads" build/count -n 100001 -t "$threads"
        run_until no-lock freed 0 limited build/toy_gil -n 40 -t "$threads"
        for version in alone gil-alone atomic-alone gil gil-released atomic; do
            [ "$(column answer "$version") $(column freed "$version")" = '1 0' ]
        done
    done
    run_until no-lock freed 0 on_one_core build/toy_gil -n 20 # they go wrong on one core too
}

@test "with the toy's GIL held one thread is in native code, with it released there are several" {
    run_until gil-released inside 1 limited build/toy_gil -n 40 -t 3
    [ "$(column inside gil)" -eq 1 ]
}

@test "ThreadSanitizer sees a data race without the GIL, and none with it or with atomic counts" {
    tsan_works || skip "ThreadSanitizer does not work here"
    # Counts are plain here: to ThreadSanitizer a relaxed atomic is never a race.
    cat >"$BATS_TEST_TMPDIR/plain.h" <<'EOF'
#include <stdatomic.h>
#undef atomic_load_explicit
#undef atomic_store_explicit
#define atomic_load_explicit(at, order) \
    ((order) ? __atomic_load_n((int *)(at), (order)) : *(long *)(at))
#define atomic_store_explicit(at, value, order) \
    ((order) ? __atomic_store_n((int *)(at), value, (order)) : (void)(*(long *)(at) = (value)))
EOF
    compile -w -D_GNU_SOURCE= -include "$BATS_TEST_TMPDIR/plain.h" -g -O1 -fsanitize=thread \
        -pthread toy_gil.c -o "$BATS_TEST_TMPDIR/toy"
    [[ $(limited "$BATS_TEST_TMPDIR/toy" -n 8 -t 4 -v 4 2>&1) == *"data race"* ]] || false # no-lock
    for version in 5 6 7; do                                      # gil, gil-released, atomic
        run -0 limited "$BATS_TEST_TMPDIR/toy" -n 8 -t 4 -i 500 -v $version
    done
}
