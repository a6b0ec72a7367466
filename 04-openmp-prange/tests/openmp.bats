# shellcheck shell=bash disable=SC2154 # Bats sets output
load ../../tools/helper
load ../../tools/clang

# sanitized NAME N FLAG ...: build it with ThreadSanitizer, and run it.
sanitized() {
    "$CLANG" -g -O1 -fopenmp -fsanitize=thread "${@:3}" "$1.c" -o "$BATS_TEST_TMPDIR/$1" -lm
    limited "$BATS_TEST_TMPDIR/$1" -t 3 -n "$2"
}

@test "ThreadSanitizer sees no data race in the programs, but that of a twin with three mistakes" {
    cd "$BATS_TEST_DIRNAME/.."
    needs_openmp
    needs_sanitizer
    run -0 sanitized mandelbrot 30
    for program in add reduction float_sum; do
        run -0 sanitized "$program" 20000
    done
    [[ $(uname -m) =~ x86_64|amd64 ]] || skip 'add.c has no streaming stores here'
    run -66 sanitized add 50000 -include tests/twin.h
    for said in 'ThreadSanitizer: data race' 'wrong answer: openmp-stream' 'one moment: 1'; do
        [[ $output == *"$said"* ]] || false
    done
}
