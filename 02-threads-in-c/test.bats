# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
load ../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return
    cp ./*.[ch] ./*.py exercise/*.c "$BATS_TEST_TMPDIR" # for the twins
}

# twin FILE EDIT ...: edit the copy of a file in sed; each edit must find something to change.
twin() {
    local file=$BATS_TEST_TMPDIR/$1 edit
    for edit in "${@:2}"; do
        sed "$edit" "$file" >"$file.edited" || return 1
        ! cmp -s "$file.edited" "$file" || { echo "nothing to change: $edit" && return 1; }
        mv "$file.edited" "$file"
    done
}

# compile_twin PROGRAM FLAG ...: compile the copy, with headers that may have been edited.
compile_twin() {
    compile -pthread -I"$PWD" "${@:2}" "$BATS_TEST_TMPDIR/$1.c" -o "$BATS_TEST_TMPDIR/$1"
}

# flagged PROGRAM OPTION ...: ThreadSanitizer says what is wrong with the edited copy.
flagged() {
    compile_twin "$1" -g -O1 -fsanitize=thread || return 1
    TSAN_OPTIONS=halt_on_error=1 run limited "$BATS_TEST_TMPDIR/$1" "${@:2}"
    [ "$status" -eq 66 ] && [[ $output == *"data race"* ]]
}

# ctrl_c COMMAND ...: Ctrl-C once the header is there, where SIGINT is ignored at first.
ctrl_c() {
    limited "$PY" -c '
import os, signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a script
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True, start_new_session=True)
for line in process.stdout:
    print(line, end="", flush=True)
    if line.startswith("version"):
        os.killpg(process.pid, signal.SIGINT)
sys.exit(process.wait())' "$@"
}

# checked FILE: what `make exercise` says about it.
checked() { PYTHONPATH=../tools limited "$PY" exercise/check.py "$1"; }

# refused CLAIM HINT: some claim does not hold, and the line after it says why.
refused() {
    [ "$status" -eq 1 ] && grep -A 1 "not yet  .*$1" <<<"$output" | grep -q "$2"
}

divisions() { # of numbers from $1 to $2 - 1, by what they can be divided by at all
    awk -v low="$1" -v high="$2" 'BEGIN {
        for (n = low; n < high; n++)
            for (d = 2; d * d <= n; d++) {
                count++
                if (n % d == 0) break
            }
        print count }'
}

@test "the first answers are the 148933 primes below 2000000 and the 41538 below 500000" {
    run build/primes
    [ "$status" -eq 0 ]
    [ "$(column answer dynamic)" = 148933 ]
    run build/chunks
    [ "$status" -eq 0 ]
    [ "$(column answer chunk-4096)" = 41538 ]
}

@test "every schedule counts the same primes, on any number of threads, in chunks of any size" {
    for threads in 1 2 3 8 256; do
        for size in 1 7 4096 1000000000000; do
            run build/primes -n 20000 -t "$threads" -c "$size"
            [ "$status" -eq 0 ]
            [ "$(column answer static)" = 2262 ]
            [ "$(column answer dynamic)" = 2262 ]
        done
    done
}

@test "the edges of the range are right: below 1, 2, 3, one chunk and one chunk more" {
    for pair in 1:0 2:0 3:1 4096:564 4097:564 4100:565; do
        run build/primes -n "${pair%:*}" -t 3
        [ "$status" -eq 0 ]
        [ "$(column answer static)" = "${pair#*:}" ]
        [ "$(column answer dynamic)" = "${pair#*:}" ]
    done
}

@test "the upper half of the numbers takes more than half as much work again as the lower" {
    awk -v lower="$(divisions 2 10000)" -v upper="$(divisions 10000 20000)" \
        'BEGIN { exit !(upper > 1.5 * lower) }'
}

@test "the sweep goes from chunks of one number to a whole part, always to the same answer" {
    run build/chunks -n 20000 -t 3
    [ "$status" -eq 0 ]
    for version in sequential chunk-1 chunk-16 chunk-256 chunk-4096 chunk-6667; do
        [ "$(column answer "$version")" = 2262 ]
        [[ $(column imbalance "$version") =~ ^[0-9]+%$ ]] || false
    done
    [ "$(grep -c ^chunk- <<<"$output")" -eq 5 ]
    run build/chunks -n 1 -t 256
    [ "$status" -eq 0 ]
    [ "$(column answer chunk-1)" = 0 ]
}

@test "each thread has a share and a bar, and of many threads the first eight" {
    run build/primes -n 20000 -t 2
    [[ $(column shares static) =~ ^[0-9]+%\|[0-9]+%$ ]] || false
    [ "$(grep -c '^  thread ' <<<"$output")" -eq 4 ]
    run build/primes -n 20000 -t 9
    [[ $(column shares static) =~ ^([0-9]+%\|){8}\.\.\.$ ]] || false
    [ "$(grep -c '^  thread ' <<<"$output")" -eq 16 ]
    [ "$(grep -c '^  ... and 1 more$' <<<"$output")" -eq 2 ]
}

@test "the ideal is the mean of the threads' busy times, and the imbalance fits" {
    run build/primes -t 3
    [ "$status" -eq 0 ]
    awk '
        function far(a, b, by) { return a - b > by || b - a > by }
        /the busiest thread worked/ { percent = $6 + 0; sum = longest = 0 }
        $1 == "thread" { sum += $(NF - 1); if ($(NF - 1) > longest) longest = $(NF - 1) }
        $1 == "ideal" {
            blocks++
            mean = sum / 3
            bad += far($(NF - 1), mean, 0.0011)
            bad += far(percent, 100 * (longest / mean - 1), 0.5 + 150 * 0.001 / mean)
        }
        END { exit blocks != 2 || bad }' <<<"$output"
}

@test "primes.py gives the answer of primes.c, in Python, held and released" {
    for threads in 1 3; do
        run limited "$PY" primes.py -n 20000 -t "$threads"
        [ "$status" -eq 0 ]
        for version in python python-threads pydll pydll-threads cdll-threads; do
            [ "$(column answer "$version")" = 2262 ]
        done
    done
}

@test "PyDLL keeps one core busy: the GIL is held during the call" {
    gil_is_on || skip "this interpreter has no GIL"
    run limited "$PY" primes.py -n 400000 -t 2
    [ "$status" -eq 0 ]
    for version in python-threads pydll-threads; do
        awk -v busy="$(column busy "$version")" 'BEGIN { exit !(busy > 0 && busy <= 1.25) }'
    done
}

@test "primes.py says how to get the library, and finds it when that is done" {
    cd "$BATS_TEST_TMPDIR"
    run limited "$PY" primes.py -n 1000
    [ "$status" -eq 0 ]
    [ "$(column answer python-threads)" = 168 ]
    [[ ${lines[-1]} == "no C rows: compile the library"* ]] || false
    run limited bash -ec "$(sed -n '/^import/q; s/^    \(python3 .*\)/\1 -n 1000/p; /^    mkdir /p' primes.py)"
    [ "$status" -eq 0 ]
    [ "$(column answer cdll-threads)" = 168 ]
}

@test "numbers that are left out are caught: exit 1 and the names of the rows" {
    twin schedules.h 's/atomic_fetch_add(&next, chunk)/atomic_fetch_add(\&next, chunk + 1)/'
    compile_twin primes
    run "$BATS_TEST_TMPDIR/primes" -n 200000
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == "primes: wrong answer: dynamic" ]] || false

    twin count_primes.h 's/n = low; n < high/n = low + 1; n < high/'
    mkdir "$BATS_TEST_TMPDIR/build"
    compile -shared -fPIC "$BATS_TEST_TMPDIR/libprimes.c" -o "$BATS_TEST_TMPDIR/build/libprimes.so"
    run limited "$PY" "$BATS_TEST_TMPDIR/primes.py" -n 192 # the chunks start at odd numbers
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == "primes.py: wrong answer: pydll pydll-threads cdll-threads" ]] || false
}

@test "every right way to count gets to n, in C and in Python, on any number of threads" {
    for program in build/shared_counter "$PY shared_counter.py"; do
        for threads in 1 2 3 8 256; do
            # shellcheck disable=SC2086 # the command is two words
            run limited $program -n 100001 -t "$threads"
            [ "$status" -eq 0 ]
            ways="mutex atomic packed padded"
            [ "$program" = build/shared_counter ] || ways="lock per-thread"
            for version in sequential $ways; do
                [ "$(column answer "$version")" = 100001 ]
                [ "$(column lost "$version")" = 0 ]
            done
        done
    done
}

@test "a shared counter without protection loses steps, on one core too" {
    for run in limited on_one_core; do
        for command in "racy build/shared_counter -n 2000000" "unlocked $PY shared_counter.py -n 200000"; do
            read -r version program <<<"$command"
            # On a busy machine one thread may be done before the other begins: then, once more.
            for _ in {1..100}; do
                # shellcheck disable=SC2086 # the command is several words
                run "$run" $program -t 2
                [ "$status" -eq 0 ]
                [ "$(column lost "$version")" -eq 0 ] || break
            done
            [ "$(column lost "$version")" -gt 0 ]
            [ "$(($(column lost "$version") + $(column answer "$version")))" -eq "${program##* }" ]
            [[ $output == *"$version is wrong on purpose"* ]] || false
        done
    done
}

@test "racy has one counter for all, packed one beside the other, padded one every 128 bytes" {
    twin shared_counter.c \
        's/worker->count(/printf("at %d\\n", (int)((char *)worker->counter - (char *)counters)), &/'
    compile_twin shared_counter
    run limited "$BATS_TEST_TMPDIR/shared_counter" -n 1000 -t 2
    [ "$status" -eq 0 ]
    # The threads of a row come in any order.
    [ "$(awk '$1 == "at" { if ($2 > at) at = $2 } NF == 8 && $2 ~ /^[0-9]+$/ {
        print $1 " " at + 0; at = 0 }' <<<"$output" | tr '\n' ' ')" = \
        "sequential 0 racy 0 mutex 0 atomic 0 packed 8 padded 128 " ]
}

# shared_counter.c with plain counters in place of atomic ones.
plain_counters() {
    twin shared_counter.c 's/^typedef atomic_uint_fast64_t counter;/typedef uint64_t counter;/' \
        's/atomic_load_explicit(count, memory_order_relaxed)/*count/' \
        's/atomic_store_explicit(count, value, memory_order_relaxed)/*count = value/' \
        's/atomic_fetch_add_explicit(count, 1, memory_order_relaxed)/++*count/' \
        's/sum += atomic_exchange(\(.*\), 0)/sum += *(\1), *(\1) = 0/'
}

@test "a thread's own counter is stored at every step, and a plain one would not be" {
    command -v timeout >/dev/null || skip "timeout is missing"
    endless='int main(void) { count_own(counters, 1000000000000000000); }'
    twin shared_counter.c 's/^int main(/int unused(/'
    echo "$endless" >>"$BATS_TEST_TMPDIR/shared_counter.c"
    compile_twin shared_counter -O3
    run timeout 1 "$BATS_TEST_TMPDIR/shared_counter" # 10^18 stores take years
    [ "$status" -eq 124 ]
    plain_counters
    compile_twin shared_counter -O3
    run limited "$BATS_TEST_TMPDIR/shared_counter" # one addition of 10^18 takes no time at all
    [ "$status" -eq 0 ]
}

@test "a right way that miscounts is caught: exit 1 and the names of the rows" {
    twin shared_counter.c 's/cut(n, t, i + 1) - cut(n, t, i)/& + 1/'
    compile_twin shared_counter
    run limited "$BATS_TEST_TMPDIR/shared_counter" -n 100 -t 2
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == *"wrong answer: sequential mutex atomic packed padded" ]] || false

    twin shared_counter.py 's/with counter.lock:/if counter.lock:/' 's/counter.count += 1/counter.count = 1/'
    run limited "$PY" "$BATS_TEST_TMPDIR/shared_counter.py" -n 200000 -t 2
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == "shared_counter.py: wrong answer: lock" ]] || false
}

@test "the pipeline does every item once, in C and in Python, with any queue and any workers" {
    for program in build/pipeline "$PY pipeline.py"; do
        for options in "-q 1 -t 1" "-q 1 -t 8" "-q 2 -t 3" "-q 16 -t 1" "-q 16 -t 2" "-q 65536 -t 256"; do
            # shellcheck disable=SC2086 # the command and the options are several words
            run limited $program -n 20500 -c 1000 $options
            [ "$status" -eq 0 ]
            for version in sequential pipeline; do
                [ "$(column answer "$version")" = 2313 ]
                [ "$(column made "$version")" = 21 ]
                [ "$(column "done" "$version")" = 21 ]
            done
        done
    done
}

# The pipelines with workers that are slow, after an optional ACTION of C and of Python.
slow_pipelines() {
    twin pipeline.c "s/worker->primes += do_item/${1:+$1, }usleep(2000), &/"
    compile_twin pipeline
    twin pipeline.py 's/^import queue/import os, queue, time/' \
        "s/results.append(do_item(low, n, chunk))/${2:+$2; }time.sleep(0.002); &/"
}

@test "the queue never holds more than it has places for, and a slow worker fills it" {
    slow_pipelines
    for program in "$BATS_TEST_TMPDIR/pipeline" "$PY $BATS_TEST_TMPDIR/pipeline.py"; do
        for places in 1 3; do
            # shellcheck disable=SC2086
            run limited $program -n 20000 -c 1000 -t 2 -q "$places"
            [ "$status" -eq 0 ]
            [[ $output == *"at most $places of $places places"* ]] || false
        done
    done
}

@test "Ctrl-C ends the sequential row with made and done alike: exit 130, if SIGINT was ignored too" {
    for program in build/pipeline "$PY pipeline.py"; do
        # shellcheck disable=SC2086
        run ctrl_c $program -n 1000000000000
        [ "$status" -eq 130 ]
        made=$(column made sequential)
        [ "$(column "done" sequential)" = "$made" ]
        [[ $output == *"stopped by Ctrl-C: $made items made, $made done"* ]] || false
    done
}

@test "Ctrl-C stops the producer at a full queue, and what it has made is done: exit 130" {
    # The worker that does item 20 presses it. The queue has four places, and an item is one number.
    slow_pipelines '(low == 20 \&\& kill(getpid(), SIGINT))' \
        'low == 20 and os.kill(os.getpid(), signal.SIGINT)'
    for program in "$BATS_TEST_TMPDIR/pipeline" "$PY $BATS_TEST_TMPDIR/pipeline.py"; do
        # shellcheck disable=SC2086
        run limited $program -n 20000 -c 1 -t 2 -q 4
        [ "$status" -eq 130 ]
        made=$(column made pipeline)
        [ "$made" -gt 20 ]
        [ "$made" -lt 20000 ]
        [ "$(column "done" pipeline)" = "$made" ]
        [[ $output == *"stopped by Ctrl-C: $made items made, $made done"* ]] || false
        answer=$(column answer pipeline)
        run build/primes -n "$made"
        [ "$(column answer dynamic)" = "$answer" ]
    done
}

@test "a pipeline that forgets its queue when it is closed is caught: exit 1" {
    # Its workers wait until the queue is closed, so that nothing depends on who is faster.
    twin bounded_queue.h 's/while (queue.filled == 0 && !queue.closed)/while (!queue.closed)/' \
        's/int taken = queue.filled > 0;/int taken = queue.filled > 0 \&\& !queue.closed;/'
    compile_twin pipeline
    run limited "$BATS_TEST_TMPDIR/pipeline" -n 10000 -c 1000 -t 2
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == "pipeline: wrong answer: pipeline" ]] || false

    twin pipeline.py 's/while (low := items.get()) is not None:/while (low := items.get()):/'
    run limited "$PY" "$BATS_TEST_TMPDIR/pipeline.py" -n 5000 -c 1000 -t 2 # 0 is an item, too
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == "pipeline.py: wrong answer: pipeline" ]] || false
}

@test "counters, chunks and queue are free of data races (ThreadSanitizer)" {
    tsan_works || skip "ThreadSanitizer does not work here"
    for program in primes chunks shared_counter pipeline; do
        compile_twin "$program" -g -O1 -fsanitize=thread # nothing in it is edited
        run limited "$BATS_TEST_TMPDIR/$program" -n 20000 -t 4
        [ "$status" -eq 0 ]
    done
    run limited "$BATS_TEST_TMPDIR/pipeline" -n 50000 -c 1000 -t 3 -q 1
    [ "$status" -eq 0 ]
}

@test "ThreadSanitizer flags the twins with plain counters, and without the lock" {
    tsan_works || skip "ThreadSanitizer does not work here"
    twin schedules.h 's/^static atomic_uint_fast64_t next;/static uint64_t next;/' \
        's/atomic_fetch_add(&next, chunk)/(next += chunk) - chunk/' 's/atomic_store(&next, 0)/next = 0/'
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

@test "exercise: the commands at the heads of the files work as typed" {
    mkdir -p "$BATS_TEST_TMPDIR/chapter/exercise"
    ln -s "$(cd ../tools && pwd)" "$BATS_TEST_TMPDIR/tools"
    cp exercise/*.c "$BATS_TEST_TMPDIR/chapter/exercise"
    cd "$BATS_TEST_TMPDIR/chapter/exercise"
    for pair in solution:0 harness:0 timing:0 starter:1; do
        run limited bash -c "$(sed -n '/^#/q; s/^ \*     \(.*\)/\1/p' "${pair%:*}.c")"
        [ "$status" -eq "${pair#*:}" ]
    done
}

@test "exercise: the starter fails every time, and says that it is meant to" {
    compile -O2 -pthread exercise/starter.c -o "$BATS_TEST_TMPDIR/starter"
    for run in limited on_one_core; do
        run "$run" "$BATS_TEST_TMPDIR/starter"
        [ "$status" -eq 1 ]
        [[ $output == *"meant to fail until you finish it"* ]] || false
    done
    run checked exercise/starter.c
    refused "the answer is right" "values are in the bins for"
    [[ $output == *"right    the threads are at work at the same time"* ]] || false
}

@test "exercise: the solution passes, also when make is asked" {
    run limited make -s exercise WORK=exercise/solution.c
    [ "$status" -eq 0 ]
    [[ $output != *"not yet"* ]] || false
    [[ $output == *"All right"* ]] || false
    [ "$(grep -c '^  right    ' <<<"$output")" -ge 4 ]
}

@test "exercise: a fix that is fast but racy is refused; an atomic addition is right" {
    tsan_works || skip "ThreadSanitizer does not work here"
    twin starter.c '/i % 65536/d' '/sched_yield()/d'
    run checked "$BATS_TEST_TMPDIR/starter.c"
    refused "no two threads touch the same number" "starter.c, line [0-9]"
    twin starter.c 's/uint64_t count = .*/__atomic_fetch_add(\&worker->bins[bin], 1, 0);/' '/= count + 1/d'
    run checked "$BATS_TEST_TMPDIR/starter.c"
    [ "$status" -eq 0 ]
}

LOCK='s/^static void \*work/static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; &/'

@test "exercise: a fix that is right but lets one thread work at a time is refused" {
    # The whole loop under the lock, or all values given to the last thread.
    twin starter.c '/i % 65536/d' '/sched_yield()/d' "$LOCK" \
        's/^    for (size_t i = 0; i < worker/    pthread_mutex_lock(\&lock); &/' \
        's/^    return NULL/    pthread_mutex_unlock(\&lock); &/'
    twin solution.c 's/values + cut(n, threads, i)/values/' \
        's/workers\[i\].n = .*/workers[i].n = i + 1 < threads ? 0 : n;/'
    for work in starter solution; do
        run checked "$BATS_TEST_TMPDIR/$work.c"
        refused "at work at the same time" "one was never at work while the others were"
        [ "$(grep -c 'not yet' <<<"$output")" -eq 1 ]
    done
}

@test "exercise: a fix that takes a lock for every value is refused" {
    twin starter.c '/i % 65536/d' '/sched_yield()/d' "$LOCK" \
        's/uint64_t count = worker/pthread_mutex_lock(\&lock); &/' \
        's/= count + 1;/& pthread_mutex_unlock(\&lock);/'
    run checked "$BATS_TEST_TMPDIR/starter.c"
    refused "no lock for every value" "a lock was taken 100000 times for 100000 values"
    [ "$(grep -c 'not yet' <<<"$output")" -eq 1 ]
}

# wrong_answer HINT EDIT ...: a solution so edited is refused for its answers, with this hint.
wrong_answer() {
    cp exercise/solution.c "$BATS_TEST_TMPDIR"
    twin solution.c "${@:2}" || return 1
    run checked "$BATS_TEST_TMPDIR/solution.c"
    refused "the answer is right" "$1"
}

@test "exercise: a fix that ignores the values, keeps old counts or crashes is told so" {
    wrong_answer "values are in the wrong bins" 's/BIN_OF(worker->values\[i\])/BIN_OF((uint32_t)i)/'
    wrong_answer "BIN_OF was not called" 's/BIN_OF(worker->values\[i\])/worker->values[i] % BINS/'
    wrong_answer "at call 6 of histogram(): do all calls start from 0?" \
        's/^    memset(bins/    static uint64_t sum[BINS]; &/' 's/bins\[bin\] += w/bins[bin] = sum[bin] += w/'
    wrong_answer "it crashed" 's/workers\[i\].values = .*/workers[i].values = NULL;/'
}

@test "exercise: what crashes in the run under ThreadSanitizer is not called right; printing is fine" {
    tsan_works || skip "ThreadSanitizer does not work here"
    # 20000 is the size of that run; the output of `puts` must not confuse the others.
    twin solution.c 's/^    memset(bins/    puts("here"); if (n == 20000) *(volatile int *)0 = 0; &/'
    run checked "$BATS_TEST_TMPDIR/solution.c"
    refused "no two threads touch the same number" "it ended with"
    [ "$(grep -c 'not yet' <<<"$output")" -eq 1 ]
}

@test "exercise: what does not compile or is not there is said to" {
    echo 'int main(void) { retrun 0; }' >"$BATS_TEST_TMPDIR/typo.c"
    run checked "$BATS_TEST_TMPDIR/typo.c"
    refused "typo.c compiles" "typo.c:1"
    run checked "$BATS_TEST_TMPDIR/none.c"
    [ "$status" -eq 2 ]
}
