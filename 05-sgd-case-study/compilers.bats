# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # Bats sets output, lines and status
# Other compilers, registers of other widths, and the sanitizers.
load ../tools/helper
load ../tools/clang

SOURCES=(local_sgd.c kernels.c storage.c flights.c judge.c)

setup() {
    cd "$BATS_TEST_DIRNAME" || return
    needs_openmp
}

# same_answers COMPILER FLAGS ...: so compiled, each version gives the answer of build/sgd.
same_answers() {
    local version
    "$@" -O3 -fopenmp -Wall -Wextra -Wshadow -Wconversion -Werror sgd.c "${SOURCES[@]}" \
        -o "$BATS_TEST_TMPDIR/sgd" -lm
    run -0 limited "$BATS_TEST_TMPDIR/sgd" build/flights.bin
    for version in serial batched prefetched openmp bfloat16 bfloat16-openmp; do
        awk -v a="$(column answer $version)" -v b="$(awk -v v=$version '$1 == v { print $3 }' <<<"$expected")" \
            'BEGIN { exit !(a > 0 && a - b < 2e-6 && b - a < 2e-6) }'
    done
}

@test "gcc's and clang's kernels for registers of 4, 8 and 16 floats give the same answers" {
    local compiler flags tried=0
    expected=$(limited build/sgd)
    for compiler in gcc "$CLANG"; do
        command -v "$compiler" >/dev/null || continue
        same_answers "$compiler"
        for flags in avx2 avx512f; do
            grep -qw "$flags" /proc/cpuinfo 2>/dev/null || continue
            same_answers "$compiler" -mfma "-m$flags"
        done
        tried=1
    done
    [ "$tried" -eq 1 ] || skip 'neither gcc nor clang'
}

@test "a compiler without __builtin_shufflevector gets the same answers" {
    twin vector.h 's/^#if !__has_builtin.*/#if 1/'
    expected=$(limited build/sgd)
    cd "$twin"
    command -v gcc >/dev/null || skip 'no gcc'
    same_answers gcc
}

# sanitized PROGRAM SANITIZER: in the present folder, with clang, slow where it is asked for.
sanitized() {
    "$CLANG" -g -O1 -Wno-pass-failed -fopenmp "-fsanitize=$2" -fno-sanitize-recover=all "$1.c" "${SOURCES[@]}" \
        -o "$BATS_TEST_TMPDIR/$1" -lm
}

@test "ThreadSanitizer sees no data race in local SGD, and that of a wrong twin" {
    needs_sanitizer
    for program in sgd larger; do
        sanitized $program thread
        run -0 limited "$BATS_TEST_TMPDIR/$program" -t 3 build/flights.bin
    done
    twin local_sgd.c 's/visit(run, &shards\[t\]);/visit(run, \&shards[0]);/'
    cd "$twin"
    sanitized sgd thread
    run limited "$BATS_TEST_TMPDIR/sgd" -t 3 build/flights.bin
    [[ $output == *'WARNING: ThreadSanitizer: data race'* ]]
}

@test "ThreadSanitizer sees no data race in the prange, and that of a wrong twin" {
    needs_sanitizer
    twin="$BATS_TEST_TMPDIR/twin"
    mkdir "$twin"
    cp ./*.h setup.py sgd_cython.pyx "$twin"
    train() {
        sanitized_extension <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import sgd_cython
rows, labels = np.ones((6 * 512, 32), np.float32), np.ones(6 * 512, np.float32)
weights, order = np.zeros((3, 32), np.float32), np.arange(6, dtype=np.uint32)
sgd_cython.train_parallel(rows, labels, order, 0.01, 1, weights, np.zeros_like(weights))
assert weights.all()
PY
    }
    train
    [ "$status" -eq 0 ]
    # A plain write: the sanitizer does not see those of memcpy here.
    edit "$twin/sgd_cython.pyx" 's/&weights\[t, 0\]/\&weights[0, 0]/' \
        's/memcpy(weights, w, sizeof(w))/weights[0] = w[0]/'
    train
    [ "$status" -eq 66 ]
    [[ $output == *'WARNING: ThreadSanitizer: data race'* ]] || false
}

@test "the other sanitizers find nothing, and catch labels that have no room" {
    needs_clang
    for program in sgd larger; do
        sanitized $program address,undefined
        run -0 limited "$BATS_TEST_TMPDIR/$program" -t 3 build/flights.bin
        run -2 limited "$BATS_TEST_TMPDIR/$program" -t 3 README.md
        [[ $output == *'not a flights file'* && $output != *Sanitizer* ]] || false
    done
    twin storage.c 's/memory(n \* (bytes + sizeof(float)))/memory(n * bytes)/'
    cd "$twin"
    sanitized sgd address,undefined
    run limited "$BATS_TEST_TMPDIR/sgd" -t 3 build/flights.bin
    [ "$status" -ne 0 ]
    [[ $output == *'AddressSanitizer: heap-buffer-overflow'* ]]
}
