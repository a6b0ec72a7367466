# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
load ../../tools/helper
load ../../tools/clang

setup() {
    cd "$BATS_TEST_DIRNAME/.." && needs_openmp
}

@test "sgd.c and sgd.py reach the same answers, on one thread and on several" {
    for threads in 2 8; do
        run -0 limited build/sgd -t "$threads" -s 7
        answers=$(awk 'NR > 2 { print $3, $7 }' <<<"$output")
        [ "$(wc -l <<<"$answers")" -eq 2 ]
        run -0 limited "$PY" sgd.py -t "$threads" -s 7
        diff <(awk 'NR > 2 { print $3, $7 }' <<<"$output") - <<<"$answers"
    done
    caught threads build/sgd -t 64 -e 1
    run -2 limited build/sgd build/flights.bin more.bin
}

@test "all 13 versions come within 0.1% of the optimum and rank alike; what does not is caught" {
    run -0 limited "$PY" ladder.py -t 2
    awk 'NR > 2 { near += $8 + 0 > 0 && $8 + 0 < 0.1 && $9 > 0.700 && $9 < 0.705 }
        END { exit near != 13 || NR != 15 }' <<<"$output"
    caught '*openmp*' "$PY" ladder.py -c -t 64 -e 1
}

@test "ThreadSanitizer sees no data race in local SGD, but that of a rung that shares weights" {
    needs_sanitizer
    "$CLANG" -g -O1 -fopenmp -fsanitize=thread tests/sanitized.c rungs/*.c -lm \
        -o "$BATS_TEST_TMPDIR/epoch"
    for rung in 0 1 2 3; do
        limited "$BATS_TEST_TMPDIR/epoch" $rung
    done
    run -66 limited "$BATS_TEST_TMPDIR/epoch" 4
    [[ $output == *'ThreadSanitizer: data race'* ]] || false
}
