# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# The programs, other compilers and processors, and the sanitizers.
load ../../tools/helper
load ../../tools/clang

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return
    needs_openmp
}

# near A B: equal but for the last digits; also false when one of them is not a number.
near() { awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(d <= 2e-6 && -d <= 2e-6) }'; }

@test "sgd.c and sgd.py reach the same answers, on one thread and on several" {
    for threads in 2 8; do
        run -0 limited build/sgd -t "$threads" -s 7
        answers=$(awk 'NR > 2 { print $3, $7 }' <<<"$output")
        [ "$(wc -l <<<"$answers")" -eq 2 ]
        run -0 limited "$PY" sgd.py -t "$threads" -s 7
        diff <(awk 'NR > 2 { print $3, $7 }' <<<"$output") - <<<"$answers"
    done
    run -1 limited build/sgd -t 64 -e 1
    [[ ${lines[-1]} == 'sgd: wrong answer: threads' ]] || false
    run -2 limited build/sgd build/flights.bin more.bin
}

@test "all versions come within 0.1% of the optimum, and rank the flights held out as well" {
    run -0 limited "$PY" ladder.py -t 2
    for version in python numpy-rows cython; do
        near "$(column answer "$version")" "$(column answer serial)"
    done
    near "$(column answer numpy)" "$(column answer batched)"
    near "$(column answer batched)" "$(column answer prefetched)"
    near "$(column answer python-threads)" "$(column answer cython-prange)"
    [ "$(column answer cython-threads)" = "$(column answer cython-prange)" ]
    awk 'NR > 2 { rows++; if (!($8 + 0 > 0 && $8 + 0 < 0.1 && $9 > 0.700 && $9 < 0.705)) exit 1 }
        END { exit rows != 13 }' <<<"$output"
}

# answers COMPILER FLAGS ...: those of tests/sanitized.c with each rung, so compiled.
answers() {
    "$@" -O3 -fopenmp -Wall -Wextra -Wshadow -Wconversion -Werror tests/sanitized.c rungs/*.c \
        -o "$BATS_TEST_TMPDIR/epoch" -lm || return
    for rung in 0 1 2; do
        limited "$BATS_TEST_TMPDIR/epoch" $rung
    done
}

@test "gcc and clang give the same answers, for registers of each width" {
    local compiler flags tried=0
    for compiler in gcc "$CLANG"; do
        command -v "$compiler" >/dev/null || continue
        for flags in sse2 avx2 avx512f; do
            grep -qw "$flags" /proc/cpuinfo 2>/dev/null || continue
            run -0 answers "$compiler" "-m$flags" -fassociative-math -fno-signed-zeros \
                -fno-trapping-math -fno-math-errno
            for i in 0 1 2; do
                expected[i]=${expected[i]:-${lines[i]}}
                awk -v a="${lines[i]}" -v b="${expected[i]}" \
                    'BEGIN { d = a / b - 1; exit !(d < 1e-4 && -d < 1e-4) }'
            done
            tried=1
        done
    done
    [ "$tried" -eq 1 ] || skip 'neither gcc nor clang, or another processor'
}

# sanitized SANITIZER RUNG [too few blocks]: an epoch, with clang.
sanitized() {
    "$CLANG" -g -O1 -fopenmp "-fsanitize=$1" -fno-sanitize-recover=all tests/sanitized.c rungs/*.c \
        -o "$BATS_TEST_TMPDIR/epoch" -lm || return
    limited "$BATS_TEST_TMPDIR/epoch" "${@:2}"
}

@test "ThreadSanitizer sees no data race in local SGD, but that of a rung that shares weights" {
    needs_sanitizer
    for rung in 0 1 2; do
        run -0 sanitized thread $rung
    done
    run -66 sanitized thread 3
    [[ $output == *'ThreadSanitizer: data race'* ]] || false
}

@test "the other sanitizers find nothing, but a block that is not there" {
    needs_clang
    for rung in 0 1 2; do
        run -0 sanitized address,undefined $rung
    done
    run sanitized address,undefined 0 less
    [ "$status" -ne 0 ]
    [[ $output == *'AddressSanitizer: heap-buffer-overflow'* ]] || false
}
