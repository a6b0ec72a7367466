# shellcheck shell=bash disable=SC2154,SC2086,SC2030,SC2031 # Bats sets output; variables of several words
load ../tools/helper

setup() { cd "$BATS_TEST_DIRNAME" || return; }

# compile_twin PROGRAM FLAG ...: $twin is the program with what the flags choose in twins.h.
compile_twin() {
    twin=$BATS_TEST_TMPDIR/$1
    compile -O1 -pthread -include twins.h "${@:2}" "$1.c" -o "$twin"
}

@test "every schedule counts the same primes, on any number of threads, in chunks of any size" {
    counts 148933 "sequential static dynamic" build/primes
    for threads in 1 2 3 8 256; do
        for size in 1 7 4096 1000000000000; do
            counts 2262 "static dynamic" build/primes -n 20000 -t "$threads" -c "$size"
        done
    done
    # The edges: below 1, 2, 3, one chunk and one chunk more.
    for pair in 1:0 2:0 3:1 4096:564 4097:564 4100:565; do
        counts "${pair#*:}" "static dynamic" build/primes -n "${pair%:*}" -t 3
    done
}

@test "chunks go from one number to a whole part; each thread has a share, and eight are shown" {
    counts 0 chunk-1 build/chunks -n 1 -t 256
    counts 2262 "chunk-1 chunk-16 chunk-256 chunk-4096 chunk-6667" build/chunks -n 20000 -t 3
    [[ $(column shares chunk-6667) =~ ^[0-9]+%\|[0-9]+%\|[0-9]+%$ ]] || false
    run build/primes -n 20000 -t 9
    [[ $(column shares static) =~ ^([0-9]+%\|){8}\.\.\.$ ]] || false
}

@test "numbers, steps and items that are left out are caught: exit 1 and the names of the rows" {
    compile_twin primes -DSHORT
    caught "static dynamic" "$twin" -n 200000
    compile_twin shared_counter -DSHORT
    caught "mutex atomic packed padded" "$twin" -n 100
    compile_twin pipeline -DSHORT
    caught pipeline "$twin" -n 10000 -c 1000
}

@test "every right way to count gets to n, on any number of threads, and one thread loses nothing" {
    for threads in 1 2 3 8 256; do
        counts 100001 "sequential mutex atomic packed padded" \
            build/shared_counter -n 100001 -t "$threads"
    done
    counts 1 "racy mutex padded" build/shared_counter -n 1 -t 256
    counts 100001 racy build/shared_counter -n 100001 -t 1
}

@test "threads that share a counter without protection lose steps every time, on one core too" {
    for options in "-n 2 -t 2" "-n 2 -t 256" "-n 3000 -t 3" "-n 2000000 -t 2"; do
        for run in limited on_one_core; do
            run -0 "$run" build/shared_counter $options
            [ "$(column lost racy)" -gt 0 ]
        done
    done
}

@test "the pipeline does every item once, with any queue and any workers, and keeps its limit" {
    for options in "-q 1 -t 1" "-q 1 -t 8" "-q 2 -t 3" "-q 16 -t 2" "-q 65536 -t 256"; do
        counts 2313 "sequential pipeline" build/pipeline -n 20500 -c 1000 $options
        [ "$(column made pipeline) $(column "done" pipeline)" = "21 21" ]
        read -r most places < <(sed -n 's/^at most \([0-9]*\) of \([0-9]*\) .*/\1 \2/p' <<<"$output")
        [ "$most" -ge 1 ]
        [ "$most" -le "$places" ]
    done
}

@test "Ctrl-C stops the producer, and what it has made is done: exit 130, if ignored before too" {
    # An item is one number, so the answer is the number of primes below `made`. A worker presses it
    # at item 20, and the queue's four places are all that the producer can be ahead of it.
    compile_twin pipeline -DPRESSES
    run -130 limited bash -c "trap '' INT; exec '$twin' -n 20000 -c 1 -t 1 -q 4"
    made=$(sed -n 's/^stopped by Ctrl-C: \([0-9]*\) .*/\1/p' <<<"$output")
    [ "$made" -gt 20 ]
    [ "$made" -lt 30 ]
    [[ $output == *" $made items made, $made done, $((8 + (made > 23))) primes" ]] || false
}

@test "ThreadSanitizer flags no program, but plain counters and locks that do not lock" {
    tsan_works || skip "ThreadSanitizer does not work here"
    export TSAN_OPTIONS=halt_on_error=1
    while read -r code program flags; do
        compile_twin "$program" -g -fsanitize=thread $flags
        run "-$code" limited "$twin" -n 20000 -t 4
    done <<<'0 primes
0 chunks
0 shared_counter
0 pipeline
66 shared_counter -DPLAIN
66 shared_counter -DUNLOCKED
66 pipeline -DUNLOCKED'
}

@test "exercise: the commands at the heads of the files work as typed, and the starter fails" {
    ln -s "$PWD/../tools" "$BATS_TEST_TMPDIR/tools"
    mkdir "$BATS_TEST_TMPDIR/chapter"
    cp -R exercise "$BATS_TEST_TMPDIR/chapter"
    cd "$BATS_TEST_TMPDIR/chapter/exercise"
    for pair in solution:0 harness:0 starter:1; do
        run "-${pair#*:}" limited bash -c "$(sed -n '/^#/q; s/^ \*     \(.*\)/\1/p' "${pair%:*}.c")"
    done
    run -1 on_one_core ./starter
}

# refused WORK CLAIM HINT: this claim does not hold, and the line after it says why.
refused() {
    run -1 limited "$PY" exercise/check.py "$1"
    grep -A 1 "not yet  .*$2" <<<"$output" | grep "$3"
}

@test "exercise: right ways pass, wrong ones are refused, each for its reason" {
    run -0 limited make -s exercise WORK=exercise/solution.c
    [ "$(grep -c '^  right    ' <<<"$output")" -ge 4 ]
    CFLAGS=-DWAY=LAST_SELF run -0 limited "$PY" exercise/check.py exercise/wrong.c
    refused exercise/wrong.c compiles "wrong.c:[0-9]" # without a WAY it does not
    refused exercise/starter.c "the answer is right" "values are in the bins on"
    [[ $output == *"right    the threads are at work at the same time"* ]] || false
    while IFS=: read -r way claim hint; do
        CFLAGS=-DWAY=$way refused exercise/wrong.c "$claim" "$hint"
    done <<<'JOIN_EACH:at work at the same time:one was never at work while the others were
LOCK_EACH:shared memory:took 100000 locks
ATOMIC:shared memory:the first values
OTHER_VALUES:the answer is right:values are in the wrong bins
OTHER_BINS:the answer is right:BIN_OF was not called
KEEPS_COUNTS:the answer is right:at call 6. do all calls start from 0?'
    tsan_works || skip "ThreadSanitizer does not work here"
    CFLAGS=-DWAY=PLAIN refused exercise/wrong.c "no two threads" "line [0-9]*: data race"
}
