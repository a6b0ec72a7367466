# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # Bats sets output, lines and status
load ../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return
    cp ./*.[ch] ./*.py exercise/*.c "$BATS_TEST_TMPDIR" # for the twins
}

twin() { edit "$BATS_TEST_TMPDIR/$1" "${@:2}"; }

compile_twin() { # compile_twin PROGRAM FLAG ...
    compile -pthread -I"$PWD" "${@:2}" "$BATS_TEST_TMPDIR/$1.c" -o "$BATS_TEST_TMPDIR/$1"
}

# flagged PROGRAM OPTION ...: ThreadSanitizer sees a data race in the copy.
flagged() {
    compile_twin "$1" -g -O1 -fsanitize=thread || return 1
    TSAN_OPTIONS=halt_on_error=1 run limited "$BATS_TEST_TMPDIR/$1" "${@:2}"
    [ "$status" -eq 66 ] && [[ $output == *"data race"* ]]
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

@test "the sweep goes from chunks of one number to a whole part, always to the same answer" {
    counts 2262 "sequential chunk-1 chunk-16 chunk-256 chunk-4096 chunk-6667" \
        build/chunks -n 20000 -t 3
    [ "$(grep -c '^chunk-.* [0-9]*%$' <<<"$output")" -eq 5 ]
    counts 0 chunk-1 build/chunks -n 1 -t 256
}

@test "each thread has a share and a bar, and of many threads the first eight" {
    run build/primes -n 20000 -t 3
    [[ $(column shares static) =~ ^[0-9]+%\|[0-9]+%\|[0-9]+%$ ]] || false
    [ "$(grep -c '^[a-z ]* thread [1-3]  .* |.* s$' <<<"${output//#/ }")" -eq 6 ]
    run build/primes -n 20000 -t 9
    [[ $(column shares static) =~ ^([0-9]+%\|){8}\.\.\.$ ]] || false
    [ "$(grep -c '^[a-z ]* thread [1-8] ' <<<"$output")" -eq 16 ]
}

@test "primes.py gives the answer of primes.c, in Python, held and released" {
    for threads in 1 3; do
        counts 2262 "python python-threads pydll pydll-threads cdll-threads" \
            "$PY" primes.py -n 20000 -t "$threads"
    done
}

@test "PyDLL keeps one core busy: the GIL is held during the call" {
    gil_is_on || skip "this interpreter has no GIL"
    run -0 limited "$PY" primes.py -n 400000 -t 2
    awk '/^(python|pydll)-threads/ { rows++; bad += $6 > 1.25 }
        END { exit bad || rows != 2 }' <<<"$output"
}

@test "primes.py says how to get the library, and finds it when that is done" {
    cd "$BATS_TEST_TMPDIR"
    counts 168 "python python-threads" "$PY" primes.py -n 1000
    [[ ${lines[-1]} == "no C rows: compile the library"* ]] || false
    bash -c "$(sed -n 's/^    \(mkdir .*\)/\1/p' primes.py)"
    counts 168 cdll-threads "$PY" primes.py -n 1000
}

@test "numbers that are left out are caught: exit 1 and the names of the rows" {
    twin schedules.h 's/atomic_fetch_add(&next, chunk)/atomic_fetch_add(\&next, chunk + 1)/'
    compile_twin primes
    caught dynamic "$BATS_TEST_TMPDIR/primes" -n 200000
    twin count_primes.h 's/n = low; n < high/n = low + 1; n < high/'
    cd "$BATS_TEST_TMPDIR"
    mkdir build
    compile -shared -fPIC libprimes.c -o build/libprimes.so
    caught "pydll pydll-threads cdll-threads" "$PY" primes.py -n 192 # its chunks start at odd ones
}

@test "every right way to count gets to n, in C and in Python, on any number of threads" {
    for threads in 1 2 3 8 256; do
        counts 100001 "sequential mutex atomic packed padded" \
            build/shared_counter -n 100001 -t "$threads"
        counts 100001 "sequential lock per-thread" "$PY" shared_counter.py -n 100001 -t "$threads"
    done
}

@test "a shared counter without protection loses steps, on one core too" {
    for run in limited on_one_core; do
        for program in "build/shared_counter -n 2000000" "$PY shared_counter.py -n 200000"; do
            [[ $program == build/* ]] && version=racy || version=unlocked
            # On a busy machine one thread may be done before the other begins: then, once more.
            for _ in {1..100}; do
                # shellcheck disable=SC2086 # the command is several words
                run -0 "$run" $program -t 2
                [ "$(column lost "$version")" -eq 0 ] || break
            done
            [ "$(column lost "$version")" -gt 0 ]
        done
    done
}

plain_counters() {
    twin shared_counter.c 's/^typedef atomic_uint_fast64_t counter;/typedef uint64_t counter;/' \
        's/atomic_load_explicit(count, memory_order_relaxed)/*count/' \
        's/atomic_store_explicit(count, value, memory_order_relaxed)/*count = value/' \
        's/atomic_fetch_add_explicit(count, 1, memory_order_relaxed)/++*count/' \
        's/atomic_exchange(\(.*\), 0)/*(\1), *(\1) = 0/'
}

@test "a thread's own counter is stored at every step, and a plain one would not be" {
    command -v timeout || skip "timeout is missing"
    twin shared_counter.c 's/^int main(/int unused(/'
    echo 'int main(void) { count_own(counters, 1000000000000000000); return 0; }' \
        >>"$BATS_TEST_TMPDIR/shared_counter.c"
    compile_twin shared_counter -O3
    run -124 timeout 1 "$BATS_TEST_TMPDIR/shared_counter" # 10^18 stores take years
    plain_counters
    compile_twin shared_counter -O3
    run -0 limited "$BATS_TEST_TMPDIR/shared_counter" # one addition of 10^18 takes no time
}

@test "a right way that miscounts is caught: exit 1 and the names of the rows" {
    twin shared_counter.c 's/cut(n, t, i + 1) - cut(n, t, i)/& + 1/'
    compile_twin shared_counter
    caught "sequential mutex atomic packed padded" "$BATS_TEST_TMPDIR/shared_counter" -n 100 -t 2
    twin shared_counter.py 's/("lock", lock,/("lock", lambda *shared: unlocked(*shared) + 1,/'
    caught lock "$PY" "$BATS_TEST_TMPDIR/shared_counter.py" -n 1000
}

@test "the pipeline does every item once, in C and in Python, with any queue and any workers" {
    for program in build/pipeline "$PY pipeline.py"; do
        for options in "-q 1 -t 1" "-q 1 -t 8" "-q 2 -t 3" "-q 16 -t 2" "-q 65536 -t 256"; do
            # shellcheck disable=SC2086 # the command and the options are several words
            counts 2313 "sequential pipeline" $program -n 20500 -c 1000 $options
            [ "$(column made pipeline)" = 21 ]
            [ "$(column "done" pipeline)" = 21 ]
        done
    done
}

# item_first C PYTHON: in a twin, whoever does an item does this first.
item_first() {
    cp pipeline.c pipeline.py "$BATS_TEST_TMPDIR"
    twin pipeline.c "s/^    return count_primes(/    $1; &/"
    twin pipeline.py 's/^import queue/import os, queue, time/' "s/^    return sum(is_pr/    $2; &/"
    compile_twin pipeline
}

@test "the queue never holds more than it has places for, and a slow worker fills it" {
    item_first 'usleep(2000)' 'time.sleep(0.002)'
    for program in "$BATS_TEST_TMPDIR/pipeline" "$PY $BATS_TEST_TMPDIR/pipeline.py"; do
        for places in 1 3; do
            # shellcheck disable=SC2086
            counts 2262 pipeline $program -n 20000 -c 1000 -q "$places"
            [[ $output == *"at most $places of $places places"* ]] || false
        done
    done
}

@test "Ctrl-C stops the producer, and what it has made is done: exit 130, if ignored before too" {
    # Item 20 presses it: an item is one number, so the answer is the number of primes below `made`.
    # In the second row the queue's four places are all that the producer can be ahead.
    for row in 0 1; do
        item_first "if (low == 20 \\&\\& queue.most >= $row) kill(getpid(), SIGINT)" \
            "low == 20 and threading.active_count() > $row and os.kill(os.getpid(), signal.SIGINT)"
        for program in "$BATS_TEST_TMPDIR/pipeline" "$PY $BATS_TEST_TMPDIR/pipeline.py"; do
            run -130 limited bash -c "trap '' INT; exec $program -n 20000 -c 1 -t 1 -q 4"
            made=$(sed -n 's/^stopped by Ctrl-C: \([0-9]*\) .*/\1/p' <<<"$output")
            [ "$made" -gt 20 ]
            [ "$made" -lt 30 ]
            [[ $output == *" $made items made, $made done, $((8 + (made > 23))) primes" ]] || false
        done
    done
}

@test "a pipeline that forgets its queue when it is closed is caught: exit 1" {
    # Its workers wait until the queue is closed, so that nothing depends on who is faster.
    twin bounded_queue.h 's/while (queue.filled == 0 && !queue.closed)/while (!queue.closed)/' \
        's/int taken = queue.filled > 0;/int taken = queue.filled > 0 \&\& !queue.closed;/'
    compile_twin pipeline
    caught pipeline "$BATS_TEST_TMPDIR/pipeline" -n 10000 -c 1000
    twin pipeline.py 's/while (low := items.get()) is not None:/while (low := items.get()):/'
    caught pipeline "$PY" "$BATS_TEST_TMPDIR/pipeline.py" -n 5000 -c 1000 # 0 is an item, too
}

@test "counters, chunks and queue are free of data races (ThreadSanitizer)" {
    tsan_works || skip "ThreadSanitizer does not work here"
    for program in primes chunks shared_counter "pipeline -c 1000 -q 1"; do
        compile_twin "${program%% *}" -g -O1 -fsanitize=thread # nothing in it is edited
        # shellcheck disable=SC2086 # a command of several words
        (cd "$BATS_TEST_TMPDIR" && limited ./$program -n 20000 -t 4)
    done
}

@test "ThreadSanitizer flags the twins with plain counters, and without the lock" {
    tsan_works || skip "ThreadSanitizer does not work here"
    twin schedules.h 's/^static atomic_uint_fast64_t next;/static uint64_t next;/' \
        's/atomic_fetch_add(&next, chunk)/(next += chunk) - chunk/' \
        's/atomic_store(&next, 0)/next = 0/'
    flagged primes -n 200000 -t 4
    plain_counters
    flagged shared_counter -n 20000 -t 4
    cp shared_counter.c "$BATS_TEST_TMPDIR"
    twin shared_counter.c 's/pthread_mutex_lock(&lock);//' 's/pthread_mutex_unlock(&lock);//'
    flagged shared_counter -n 20000 -t 4
    # Without the lock for a moment, long enough for the other threads to come.
    twin bounded_queue.h 's/queue.filled--;/pthread_mutex_unlock(\&queue.lock); & usleep(5000);/' \
        's/pthread_cond_signal(&queue.not_full);/pthread_mutex_lock(\&queue.lock); &/'
    flagged pipeline -n 50000 -c 1000 -t 3
}

# check FILE EDIT ...: what `make exercise` says about exercise/FILE, so edited.
check() {
    cp "exercise/$1" "$BATS_TEST_TMPDIR"
    twin "$@" || return 1
    run limited "$PY" exercise/check.py "$BATS_TEST_TMPDIR/$1"
}

# refused CLAIM HINT FILE EDIT ...: this claim does not hold, and the line after it says why.
refused() {
    check "${@:3}" && [ "$status" -eq 1 ] && grep -A 1 "not yet  .*$1" <<<"$output" | grep -q "$2"
}

# The starter without what shows its mistake on one core, and a lock for it.
UNYIELDING=('/i % 65536/d' '/sched_yield()/d')
LOCK='s/^static void \*work/static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; &/'

@test "exercise: the commands at the heads of the files work as typed, and the starter fails" {
    mkdir -p "$BATS_TEST_TMPDIR/chapter/exercise"
    ln -s "$(cd ../tools && pwd)" "$BATS_TEST_TMPDIR/tools"
    cp exercise/*.c "$BATS_TEST_TMPDIR/chapter/exercise"
    cd "$BATS_TEST_TMPDIR/chapter/exercise"
    for pair in solution:0 harness:0 starter:1; do
        run limited bash -c "$(sed -n '/^#/q; s/^ \*     \(.*\)/\1/p' "${pair%:*}.c")"
        [ "$status" -eq "${pair#*:}" ]
    done
    [[ $output == *"meant to fail until you finish it"* ]] || false
    run -1 on_one_core ./starter
}

@test "exercise: the starter is refused, and the solution passes" {
    refused "the answer is right" "values are in the bins on" starter.c
    [[ $output == *"right    the threads are at work at the same time"* ]] || false
    run -0 limited make -s exercise WORK=exercise/solution.c
    [[ $output != *"not yet"* && $output == *"All right"* ]] || false
    [ "$(grep -c '^  right    ' <<<"$output")" -ge 4 ]
}

@test "exercise: a fix that is fast but racy is refused; an atomic addition is right" {
    tsan_works || skip "ThreadSanitizer does not work here"
    refused "no two threads touch the same" "line [0-9]*: data race" starter.c "${UNYIELDING[@]}"
    check starter.c "${UNYIELDING[@]}" '/= count + 1/d' \
        's/uint64_t count = .*/__atomic_fetch_add(\&worker->bins[bin], 1, __ATOMIC_RELAXED);/'
    [ "$status" -eq 0 ]
}

@test "exercise: a fix that lets one thread work at a time, or locks for every value, is refused" {
    alone="one was never at work while the others were"
    refused "at work at the same time" "$alone" starter.c "${UNYIELDING[@]}" "$LOCK" \
        's/^    for (size_t i = 0; i < worker/    pthread_mutex_lock(\&lock); &/' \
        's/^    return NULL/    pthread_mutex_unlock(\&lock); &/'
    refused "at work at the same time" "$alone" solution.c 's/values + cut(n, threads, i)/values/' \
        's/workers\[i\].n = .*/workers[i].n = i + 1 < threads ? 0 : n;/'
    [ "$(grep -c 'not yet' <<<"$output")" -eq 1 ]
    refused "no lock for every value" "a lock was taken 100000 times for 100000 values" \
        starter.c "${UNYIELDING[@]}" "$LOCK" \
        's/uint64_t count = worker/pthread_mutex_lock(\&lock); &/' \
        's/= count + 1;/& pthread_mutex_unlock(\&lock);/'
    [ "$(grep -c 'not yet' <<<"$output")" -eq 1 ]
}

@test "exercise: a fix that ignores the values, keeps old counts or crashes is told so" {
    answers="the answer is right"
    refused "$answers" "values are in the wrong bins" \
        solution.c 's/BIN_OF(worker->values\[i\])/BIN_OF((uint32_t)i)/'
    refused "$answers" "BIN_OF was not called" \
        solution.c 's/BIN_OF(worker->values\[i\])/worker->values[i] % BINS/'
    refused "$answers" "at call 6: do all calls start from 0?" solution.c \
        's/^    memset(/    static uint64_t sum[BINS]; &/' 's/bins\[bin\] += w/bins[bin] = sum[bin] += w/'
    refused "$answers" "it crashed" \
        solution.c 's/workers\[i\].values = .*/workers[i].values = NULL;/'
    refused "$answers" "the process was ended before the check was" solution.c 's/^    memset(/exit(0);&/'
}

@test "exercise: what does not compile or is not there is said to" {
    refused "solution.c compiles" "solution.c:[0-9]" solution.c 's/return/retrun/'
    run -2 limited "$PY" exercise/check.py none.c
}
