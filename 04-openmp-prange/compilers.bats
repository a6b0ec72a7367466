# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # Bats sets output, lines and status
# Other compilers, and ThreadSanitizer.
load ../tools/helper
load ../tools/clang

setup() {
    cd "$BATS_TEST_DIRNAME" || return
    needs_openmp
}

PROGRAMS=('add -n 20000' 'mandelbrot -n 30 -i 50' 'reduction -n 3000' 'float_sum -n 20000')

@test "gcc's and clang's programs give the same answers" {
    needs_clang
    command -v gcc >/dev/null || skip 'no gcc'
    for program in "${PROGRAMS[@]}"; do
        read -r name options <<<"$program"
        for compiler in gcc "$CLANG"; do
            "$compiler" -O1 -ffp-contract=off -fopenmp -Wall -Wextra -Wshadow -Wconversion -Werror \
                "$name.c" -o "$BATS_TEST_TMPDIR/$name" -lm
            # shellcheck disable=SC2086 # words of options
            run -0 limited "$BATS_TEST_TMPDIR/$name" -t 3 $options
            answers=$(awk '$2 ~ /^[0-9]+$/ && NF >= 6 && $1 != "racy" && $1 !~ /sum|reduction/ { print $1, $3 }' \
                <<<"$output")
            [ "$compiler" = gcc ] || [ "$answers" = "$expected" ]
            expected=$answers
        done
        [ -n "$expected" ]
    done
}

# sanitized FILE.c: build it with ThreadSanitizer.
sanitized() {
    (cd "$(dirname "$1")" && "$CLANG" -g -O1 -fopenmp -fsanitize=thread "$(basename "$1")" \
        -o "$BATS_TEST_TMPDIR/sanitized" -lm)
}

@test "ThreadSanitizer sees no data race in the C programs" {
    needs_sanitizer
    for program in "${PROGRAMS[@]}"; do
        read -r name options <<<"$program"
        sanitized "$name.c"
        # shellcheck disable=SC2086 # words of options
        run -0 limited "$BATS_TEST_TMPDIR/sanitized" -t 3 $options
    done
}

# races FILE.c OPTIONS SED-EXPRESSION: so changed, the program has a data race.
races() {
    twin "$1" "$3"
    sanitized "$twin/$1"
    # shellcheck disable=SC2086 # words of options
    run -66 limited "$BATS_TEST_TMPDIR/sanitized" -t 3 $2
    [[ $output == *'WARNING: ThreadSanitizer: data race'* ]]
}

@test "ThreadSanitizer sees the data races of wrong twins in C" {
    needs_sanitizer
    races add.c '-n 20000' '/parallel for simd/{n;n;s/c\[i\]/c[i % 7]/;}'
    races mandelbrot.c '-n 30 -i 50' '/if (me == 0)/d'
    races reduction.c '-n 3000' '/^#pragma omp critical/d'
    races float_sum.c '-n 20000' 's/ reduction(+ : sum)//'
}

# sanitized_modules: build what stands in $twin, and call every parallel function of it.
sanitized_modules() {
    cp ./*.h setup.py "$twin"
    ln -sfn "$PWD/../tools" "$BATS_TEST_TMPDIR/tools"
    sanitized_extension <<'PY'
import sys
from importlib.util import find_spec
sys.path.insert(0, sys.argv[1])
import numpy as np
import reduction
values, floats = np.arange(9000, dtype=np.uint32) * 1000, np.ones(9000, np.float32)
counts = np.zeros((3, 256), np.uint64)
reduction.histogram(values, counts)
assert counts.sum() == 9000 or sys.argv[2:]
assert reduction.sum_by_reduction(floats, 3) == 9000
assert reduction.sum_by_blocks(floats, np.empty(3, np.float32), 3) == 9000
if find_spec("mandelbrot"):
    import mandelbrot
    import parallel_add
    pixels = np.zeros((40, 40), np.uint32)
    for schedule in "static", "dynamic", "guided":
        for lanes in False, True:
            mandelbrot.compute(pixels, iterations=50, threads=3, schedule=schedule, lanes=lanes)
    a, b, out = np.ones((3, 40000))
    parallel_add.add_arrays(a, b, out, 3)
    parallel_add.add_arrays_stream(a, b, out, 3)
    parallel_add.add_repeatedly(a, b, out, 3, 0, 2)
    assert len(parallel_add.team_ids(40000, 3)) == 8 and parallel_add.inside(3) == 3
PY
}

@test "ThreadSanitizer sees no data race in the pranges, and those of a wrong twin" {
    needs_sanitizer
    twin="$BATS_TEST_TMPDIR/right"
    mkdir "$twin"
    cp ./*.pyx "$twin"
    sanitized_modules
    [ "$status" -eq 0 ]
    twin="$BATS_TEST_TMPDIR/wrong"
    mkdir "$twin"
    cp reduction.pyx "$twin"
    edit "$twin/reduction.pyx" 's/counts\[threadid(), 0\]  /counts[0, 0]  /'
    sanitized_modules
    [ "$status" -eq 66 ]
    [[ $output == *'WARNING: ThreadSanitizer: data race'* ]] || false
}
