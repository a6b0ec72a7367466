# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# The exercise: what passes, what does not, and what the check says about it.
load ../../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return 1
    needs_openmp
    OPENMP_CFLAGS=$(probed OPENMP_CFLAGS) OPENMP_LIBS=$(probed OPENMP_LIBS)
    export OPENMP_CFLAGS OPENMP_LIBS
}

# check FILE SED-EXPRESSION ...: what the check says about a copy of FILE so edited.
check() {
    work=$BATS_TEST_TMPDIR/work.c
    cp "exercise/$1" "$work" && { [ $# -eq 1 ] || edit "$work" "${@:2}"; } || return 1
    run limited "$PY" exercise/check.py "$work"
}

# refused CLAIM HINT FILE SED-EXPRESSION ...: the check has refused this claim, and says why.
refused() {
    check "${@:3}" && grep -A 1 "not yet  $1" <<<"$output" | grep -q "$2" && [ "$status" -eq 1 ]
}

@test "exercise: the starter is wrong with several threads only" {
    refused 'right on two threads' 'the weights are off by .*; .* only added up, at the end' starter.c
    [ "$(grep -c 'not yet' <<<"$output")" -eq 2 ]
    [[ $output == *"  right    right on one thread"* ]] || false
}

@test "exercise: the solution passes, on one core too" {
    run -0 on_one_core "$PY" exercise/check.py exercise/solution.c
    [[ $output == *'All right'* && $output != *'not yet'* ]]
}

@test "exercise: wrong repairs are refused, each with a hint" {
    export CFLAGS=-DPATIENCE=0.1
    # One thread does all the work, or all work on the same weights.
    refused 'threads train together' 'only . of 2 threads' solution.c 's/num_threads(threads)/num_threads(1)/'
    refused 'threads train together' 'give each thread its own' solution.c 's/weights\[t\]);/weights[0]);/'
    # Under a lock they never train together.
    refused 'threads train together' 'only 1 of 2 threads' solution.c \
        's/^ *train_on(.*/#pragma omp critical\n&/'
    # Not all wait for the others; all do what one should do; averaged too seldom, or a sum.
    for wrong in '/omp barrier/d' 's/omp single /& nowait/' '/omp single/d; s/average(weights, threads);/&\n#pragma omp barrier/'; do
        refused '' 'who waits for it\|two runs differ' solution.c "$wrong"
    done
    refused 'right on two threads' 'averaged at the end only' solution.c \
        's/(k + 1) % every == 0/k + 1 == part \&\& epoch == epochs - 1/'
    refused 'right on four threads' 'once an epoch' solution.c 's/(k + 1) % every == 0/k + 1 == part/'
    refused 'right on two threads' 'too early' solution.c 's/(k + 1) % every/k % every/'
    refused 'right on two threads' 'added up, and not divided' solution.c 's|sum / threads|sum|'
    # Weights from elsewhere, and blocks left out.
    refused 'right on one thread' 'the weights are off' solution.c \
        's/^    memcpy(answer.*/    for (int j = 0; j < FEATURES; j++) answer[j] = 0.1f;/'
    refused 'right on one thread' 'calls of train_on' solution.c 's/k < part/k < part - every/'
    # What does not compile, hangs or crashes.
    refused 'work.c compiles' 'work.c:.*error' solution.c 's/^#pragma omp barrier.*/barrier/'
    refused 'work.c compiles' 'work.c:.*barier' solution.c 's/^#pragma omp barrier/#pragma omp barier/'
    refused 'work.c compiles' 'work.c:.*train_onn' solution.c 's/train_on(/train_onn(/'
    refused 'right on one thread' 'ended before the check was' solution.c \
        's/string.h/stdlib.h>\n#include <&/' 's/sum = 0;/sum = 0; exit(0);/'
    refused 'right on one thread' 'crashed' solution.c 's/sum = 0;/sum = *(volatile double *)8;/'
}
