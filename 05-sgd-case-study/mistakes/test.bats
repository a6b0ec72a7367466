# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# The three mistakes: each shows itself, and each is noticed when it does not.
load ../../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return 1
    needs_openmp
    OPENMP_CFLAGS=$(probed OPENMP_CFLAGS) OPENMP_LIBS=$(probed OPENMP_LIBS)
    export OPENMP_CFLAGS OPENMP_LIBS
}

# A copy of the chapter's Python and its mistakes, not built, in $copy.
copy_chapter() {
    copy=$BATS_TEST_TMPDIR/copy
    mkdir -p "$copy/build"
    cp -R mistakes ./*.py "$copy"
    ln -s "$PWD/../tools" "$BATS_TEST_TMPDIR"
}

@test "every mistake shows itself, and its fix works, on one core too" {
    for script in mistakes/*_*.py mistakes/hogwild.py; do
        run -0 on_one_core "$PY" "$script"
        for label in expected seen cause fix fixed; do
            [ "$(grep -c "^$label:  *[^ ]" <<<"$output")" -eq 1 ]
        done
        [ "${#lines[@]}" -le 18 ]
        run awk 'length > 80' <<<"$output"
        [ -z "$output" ]
    done
}

@test "a mistake that does not show itself is no success" {
    copy_chapter
    ln -s "$PWD"/build/sgd_cython* "$PWD/build/flights.bin" "$copy/build"
    # Nobody meets in a step; and the lock is taken twice for each.
    edit "$copy/mistakes/shared_weights.pyx" 's/^    if meeting:/    if False:/' 's/taken++/taken += 2/' \
        's/num_threads=threads/num_threads=1/'
    for script in "$copy"/mistakes/*_*.py "$copy"/mistakes/hogwild.py; do
        run -1 limited "$PY" "$script"
        [[ $output == *": this is not what was expected" ]] || false
    done
}

@test "before the chapter is built they say in one line what to type" {
    copy_chapter
    run -2 limited "$PY" "$copy/mistakes/hogwild.py"
    [[ $output == *"in copy, type: make build && . ../.venv/bin/activate" ]] || false
    [ "${#lines[@]}" -eq 1 ]
}
