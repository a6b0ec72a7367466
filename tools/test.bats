# shellcheck shell=bash disable=SC2154,SC2030,SC2031,SC2016 # Bats sets output, lines and status;
# backticks are the pages'
load helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return
    tmp=$BATS_TEST_TMPDIR
}

# command NAME LINE ...: a shell script in $tmp.
command_named() {
    printf '#!/bin/sh\n' >"$tmp/$1"
    printf '%s\n' "${@:2}" >>"$tmp/$1"
    chmod +x "$tmp/$1"
}

# All but what was made, in a folder of its own.
copy_of_all() {
    mkdir -p "$tmp/copy"
    tar -C .. -c -f - --exclude=.git --exclude=.venv --exclude=build . | tar -x -C "$tmp/copy" -f -
}

@test "limits measures what is named or everything, and its multiply-adds fill whole registers" {
    run -2 build/limits reed
    [ "${#lines[@]}" -eq 1 ]
    run -0 limited build/limits -t 1
    rows_are_well_formed
    run -0 limited build/limits -t 1 fma
    [ "${#lines[@]}" -eq 3 ]
    # One register full in a nanosecond of CPU time: a fraction of what a processor can do, and more
    # than a loop reaches that does one number at a time, or waits for the one before.
    awk -v floor="$(sed -n 's/.* vectors of \([0-9]*\) floats.*/\1/p' <<<"$output")" \
        -v flops="$(column GFLOP/s fma)" -v busy="$(column busy fma)" \
        'BEGIN { print flops, busy, floor; exit !(floor > 0 && flops / busy > 2 * floor) }'
}

@test "one chapter that fails does not keep make from the others" {
    copy_of_all
    ln -s "$BATS_TEST_DIRNAME/../.venv" "$tmp/copy/.venv"
    for chapter in "$tmp"/copy/0*; do
        printf 'build more:\nrun:\n\t@echo runs %s; [ %s != 02-threads-in-c ]\n' \
            "${chapter##*/}" "${chapter##*/}" >"$chapter/Makefile"
    done
    run limited make -C "$tmp/copy"
    [ "$status" -ne 0 ]
    [ "$(grep -c '^runs 0' <<<"$output")" -eq 5 ]
}

