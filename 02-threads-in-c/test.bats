# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
load ../tools/helper

setup() { cd "$BATS_TEST_DIRNAME" || return; }

tsan() { compile -g -O1 -fsanitize=thread -pthread "$@"; }

# ctrl_c LINE COMMAND ...: as at a terminal, once the command has printed a line that begins so.
ctrl_c() {
    limited "$PY" -c '
import os, signal, subprocess, sys
start, *command = sys.argv[1:]
process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
for line in process.stdout:
    print(line, end="", flush=True)
    if line.startswith(start):
        os.killpg(process.pid, signal.SIGINT)
        start = "only once"
sys.exit(process.wait())' "$@"
}

# flagged SED-SCRIPT PROGRAM OPTIONS ...: ThreadSanitizer says what is wrong with a broken twin.
flagged() {
    local script=$1 program=$2
    shift 2
    sed "$script" "$program.c" >"$BATS_TEST_TMPDIR/broken.c"
    tsan "$BATS_TEST_TMPDIR/broken.c" -o "$BATS_TEST_TMPDIR/broken" || return 1
    TSAN_OPTIONS=halt_on_error=1 run limited "$BATS_TEST_TMPDIR/broken" "$@"
    [ "$status" -eq 66 ] && [[ $output == *"data race"* ]]
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

@test "every schedule of primes.c counts the same primes, on any number of threads" {
    for threads in 1 2 3 8; do
        run build/primes -n 200000 -t "$threads"
        [ "$status" -eq 0 ]
        rows_are_well_formed
        for version in sequential static dynamic; do
            [ "$(column answer "$version")" = 17984 ]
        done
    done
}

@test "the default is the 148933 primes below 2000000" {
    run build/primes
    [ "$status" -eq 0 ]
    [ "$(column answer dynamic)" = 148933 ]
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

@test "a chunk may have any size, from one number to more than there are" {
    for size in 1 7 4096 1000000000000; do
        run build/primes -n 20000 -t 3 -c "$size"
        [ "$status" -eq 0 ]
        [ "$(column answer dynamic)" = 2262 ]
    done
}

@test "the sweep goes from chunks of one number to a whole part, always to the same answer" {
    run build/primes -s -n 20000 -t 3
    [ "$status" -eq 0 ]
    rows_are_well_formed
    for version in sequential chunk-1 chunk-16 chunk-256 chunk-4096 chunk-6667; do
        [ "$(column answer "$version")" = 2262 ]
        [[ $(column imbalance "$version") =~ ^[0-9]+%$ ]] || false
    done
    [ "$(awk '$1 ~ /^chunk-/' <<<"$output" | wc -l)" -eq 5 ]
    run build/primes -s -n 1 -t 256
    [ "$status" -eq 0 ]
    [ "$(column answer chunk-1)" = 0 ]
}

@test "the bars show each thread's busy time, the ideal is their mean, and the imbalance fits" {
    run build/primes -t 3
    [ "$status" -eq 0 ]
    awk '
        function close_to(a, b, by) { return a - b <= by && b - a <= by }
        /the busiest thread worked/ { percent = $6 + 0; n = sum = longest = 0 }
        $1 == "thread" {
            n++; sum += $(NF - 1)
            if ($(NF - 1) > longest) longest = $(NF - 1)
            if (NF == 5 && $3 !~ /^#+$/) bad = 1
        }
        $1 == "ideal" {
            blocks++
            mean = sum / n
            if (n != 3 || !close_to($(NF - 1), mean, 0.0011)) bad = 1
            if (!close_to(percent, 100 * (longest / mean - 1), 0.5 + 150 * 0.001 / mean)) bad = 1
        }
        END { exit !(blocks == 2 && !bad) }' <<<"$output"
}

@test "primes.py gives the answer of primes.c, in Python, held and released" {
    run limited "$PY" primes.py -n 20000 -t 3
    [ "$status" -eq 0 ]
    rows_are_well_formed
    for version in python python-threads pydll pydll-threads cdll-threads; do
        [ "$(column answer "$version")" = 2262 ]
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

@test "each thread has a share, and of many threads the first eight are shown" {
    run build/primes -n 20000 -t 2
    [[ $(column shares static) =~ ^[0-9]+%\|[0-9]+%$ ]] || false
    run build/primes -n 20000 -t 9
    [[ $(column shares static) =~ ^([0-9]+%\|){8}\.\.\.$ ]] || false
    [ "$(grep -c '^  thread ' <<<"$output")" -eq 16 ]
    [ "$(grep -c '^  ... and 1 more$' <<<"$output")" -eq 2 ]
}

@test "primes.py runs without the library, says so, and says how to get it" {
    cp primes.py "$BATS_TEST_TMPDIR"
    run limited "$PY" -I -S "$BATS_TEST_TMPDIR/primes.py" -n 1000
    [ "$status" -eq 0 ]
    [ "$(column answer python-threads)" = 168 ]
    [[ ${lines[-1]} == "no C rows: compile the library"* ]] || false
}

@test "a chunk that is left out is caught: exit 1 and a line that says so" {
    sed 's/atomic_fetch_add(&next, chunk)/atomic_fetch_add(\&next, chunk + 1)/' \
        primes.c >"$BATS_TEST_TMPDIR/wrong.c"
    compile -O2 -pthread "$BATS_TEST_TMPDIR/wrong.c" -o "$BATS_TEST_TMPDIR/wrong"
    run "$BATS_TEST_TMPDIR/wrong" -n 200000
    [ "$status" -eq 1 ]
    [[ $output == *"1 rows differ from the sequential answer"* ]] || false

    mkdir "$BATS_TEST_TMPDIR/build"
    cp primes.py "$BATS_TEST_TMPDIR"
    sed 's/n = low; n < high/n = low + 1; n < high/' primes.c >"$BATS_TEST_TMPDIR/wrong.c"
    compile -O2 -pthread -shared -fPIC "$BATS_TEST_TMPDIR/wrong.c" \
        -o "$BATS_TEST_TMPDIR/build/libprimes.so"
    run limited "$PY" "$BATS_TEST_TMPDIR/primes.py" -n 192 # the chunks start at odd numbers
    [ "$status" -eq 1 ]
    [[ $output == *"rows differ from the first one's answer"* ]] || false
}

@test "every right way to count gets to n, in C and in Python, on any number of threads" {
    for threads in 1 2 3 8 256; do
        run build/shared_counter -n 100001 -t "$threads"
        [ "$status" -eq 0 ]
        rows_are_well_formed
        for version in sequential mutex atomic packed padded; do
            [ "$(column answer "$version")" = 100001 ]
            [ "$(column lost "$version")" = 0 ]
        done
    done
    for threads in 1 2 3 8; do
        run limited "$PY" shared_counter.py -n 100001 -t "$threads"
        [ "$status" -eq 0 ]
        rows_are_well_formed
        for version in sequential lock per-thread; do
            [ "$(column answer "$version")" = 100001 ]
            [ "$(column lost "$version")" = 0 ]
        done
    done
}

@test "a shared counter without protection loses steps, on one core too" {
    for run in limited on_one_core; do
        for program in "build/shared_counter -n 2000000" "$PY shared_counter.py -n 200000"; do
            version=racy
            [[ $program == build/* ]] || version=unlocked
            # On a busy machine one thread may be done before the other begins: then, once more.
            for _ in {1..100}; do
                # shellcheck disable=SC2086 # the command is several words
                run "$run" $program -t 2
                [ "$status" -eq 0 ]
                [ "$(column lost "$version")" -eq 0 ] || break
            done
            [ "$(column lost "$version")" -gt 0 ]
            n=${program##* }
            [ "$(($(column lost "$version") + $(column answer "$version")))" -eq "$n" ]
            [[ $output == *"$version is wrong on purpose"* ]] || false
        done
    done
}

@test "racy has one counter for all, packed one beside the other, padded one every 128 bytes" {
    sed 's/if (!stop)/printf("at %ld\\n", (long)((char *)worker->count - (char *)counters)); &/' \
        shared_counter.c >"$BATS_TEST_TMPDIR/where.c"
    compile -O2 -pthread "$BATS_TEST_TMPDIR/where.c" -o "$BATS_TEST_TMPDIR/where"
    run limited "$BATS_TEST_TMPDIR/where" -n 1000 -t 2
    [ "$status" -eq 0 ]
    # The threads of a row come in any order.
    [ "$(awk '$1 == "at" { if ($2 > at) at = $2 } NF == 8 && $2 ~ /^[0-9]+$/ {
        print $1 " " at + 0; at = 0 }' <<<"$output" | tr '\n' ' ')" = \
        "sequential 0 racy 0 mutex 0 atomic 0 packed 8 padded 128 " ]
}

@test "a thread's own counter is stored at every step, and a plain one would not be" {
    command -v objdump >/dev/null || skip "objdump is missing"
    # A loop is a jump back into its own function.
    keep='void keep(counter *count, uint64_t steps) { count_own(count, steps); }'
    compile -O3 -c -o "$BATS_TEST_TMPDIR/kept.o" -x c - \
        <<<"$(sed '/^static void count_racy/,$d' shared_counter.c) $keep"
    run objdump -d "$BATS_TEST_TMPDIR/kept.o"
    [[ $output == *"keep+"* ]] || false
    # Folded into one addition, 10^18 steps take no time at all.
    compile -O3 -o "$BATS_TEST_TMPDIR/gone" -x c - \
        <<<"$(sed '/^static void count_racy/,$d
            s/^typedef atomic_uint_fast64_t counter;/typedef uint64_t counter;/
            s/atomic_load_explicit(count, memory_order_relaxed)/*count/
            s/atomic_store_explicit(count, value, memory_order_relaxed)/*count = value/
            ' shared_counter.c)
            int main(int argc, char **argv) {
                (void)argv;
                count_own(counters, (uint64_t)argc * 1000000000000000000);
                printf(\"%\" PRIu64, get(counters));
            }"
    run limited "$BATS_TEST_TMPDIR/gone"
    [ "$output" = 1000000000000000000 ]
}

@test "a right way that miscounts is caught: exit 1 and a line that says so" {
    sed 's|n / t + |n / t + 1 + |' shared_counter.c >"$BATS_TEST_TMPDIR/wrong.c"
    compile -O2 -pthread "$BATS_TEST_TMPDIR/wrong.c" -o "$BATS_TEST_TMPDIR/wrong"
    run limited "$BATS_TEST_TMPDIR/wrong" -n 100 -t 2
    [ "$status" -eq 1 ]
    [[ $output == *"wrong answer in 5 rows, expected 100"* ]] || false

    sed 's/("lock", lock,/("lock", lambda *shared: unlocked(*shared),/' shared_counter.py \
        >"$BATS_TEST_TMPDIR/wrong.py"
    run limited "$PY" "$BATS_TEST_TMPDIR/wrong.py" -n 200000 -t 2
    [ "$status" -eq 1 ]
    [[ $output == *"wrong answer in 1 rows, expected 200000"* ]] || false
}

@test "the pipeline does every item once, in C and in Python, with any queue and any workers" {
    for program in build/pipeline "$PY pipeline.py"; do
        for places in 1 2 16; do
            for threads in 1 2 3 8; do
                # shellcheck disable=SC2086 # the command is two words
                run limited $program -n 20500 -c 1000 -t "$threads" -q "$places"
                [ "$status" -eq 0 ]
                rows_are_well_formed
                for version in sequential pipeline; do
                    [ "$(column answer "$version")" = 2313 ]
                    [ "$(column made "$version")" = 21 ]
                    [ "$(column "done" "$version")" = 21 ]
                done
            done
        done
    done
}

@test "the queue never holds more than it has places for, and a slow worker fills it" {
    sed 's/worker->primes += do_item/usleep(2000), &/' pipeline.c >"$BATS_TEST_TMPDIR/slow.c"
    compile -O2 -pthread "$BATS_TEST_TMPDIR/slow.c" -o "$BATS_TEST_TMPDIR/slow"
    sed 's/results.append(do_item(low, n, chunk))/time.sleep(0.002); &/' pipeline.py \
        >"$BATS_TEST_TMPDIR/slow.py"
    for program in "$BATS_TEST_TMPDIR/slow" "$PY $BATS_TEST_TMPDIR/slow.py"; do
        for places in 1 3; do
            # shellcheck disable=SC2086
            run limited $program -n 20000 -c 1000 -t 2 -q "$places"
            [ "$status" -eq 0 ]
            [[ $output == *"at most $places of $places places"* ]] || false
        done
    done
}

@test "Ctrl-C stops the producer, and what it has made is done: exit 130" {
    # In the first row, of the programs as they are.
    for program in build/pipeline "$PY pipeline.py"; do
        # shellcheck disable=SC2086
        run ctrl_c version $program -n 1000000000000
        [ "$status" -eq 130 ]
        [ "$(column made sequential)" = "$(column "done" sequential)" ]
        [[ $output == *"stopped by Ctrl-C: $(column made sequential) items made, "* ]] || false
        [[ $output != *Traceback* ]] || false
    done
    # In the second row, of twins with 20,000 slow items, while the producer waits for a place.
    sed 's/worker->primes += do_item/usleep(2000), &/' pipeline.c \
        >"$BATS_TEST_TMPDIR/slow.c"
    compile -O2 -pthread "$BATS_TEST_TMPDIR/slow.c" -o "$BATS_TEST_TMPDIR/slow"
    sed 's/results.append(do_item(low, n, chunk))/time.sleep(0.002); &/' \
        pipeline.py >"$BATS_TEST_TMPDIR/slow.py"
    for program in "$BATS_TEST_TMPDIR/slow" "$PY $BATS_TEST_TMPDIR/slow.py"; do
        # shellcheck disable=SC2086
        run ctrl_c sequential $program -n 20000 -c 1 -t 2 -q 4
        [ "$status" -eq 130 ]
        made=$(column made pipeline)
        [ "$made" -lt 20000 ]
        [ "$(column "done" pipeline)" = "$made" ]
        [[ $output == *"stopped by Ctrl-C: $made items made, $made done"* ]] || false
        # An item is one number here, so the answer is the number of primes below `made`.
        [ "$(column answer pipeline)" -eq "$(awk -v n="$made" 'BEGIN {
            for (i = 2; i < n; i++) {
                for (d = 2; d * d <= i && i % d; d++);
                primes += d * d > i
            }
            print primes + 0 }')" ]
    done
}

@test "a pipeline that forgets its queue when it is closed is caught: exit 1" {
    sed 's/int taken = queue.filled > 0;/int taken = queue.filled > 0 \&\& !queue.closed;/
         s/worker->primes += do_item/usleep(2000), &/' pipeline.c >"$BATS_TEST_TMPDIR/wrong.c"
    compile -O2 -pthread "$BATS_TEST_TMPDIR/wrong.c" -o "$BATS_TEST_TMPDIR/wrong"
    run limited "$BATS_TEST_TMPDIR/wrong" -n 50000 -c 1000 -t 2
    [ "$status" -eq 1 ]
    [[ $output == *"1 rows with a wrong answer, or with items lost"* ]] || false

    sed 's/while (low := items.get()) is not None:/while (low := items.get()):/' pipeline.py \
        >"$BATS_TEST_TMPDIR/wrong.py"
    run limited "$PY" "$BATS_TEST_TMPDIR/wrong.py" -n 5000 -c 1000 -t 2 # 0 is an item, too
    [ "$status" -eq 1 ]
    [[ $output == *"1 rows with a wrong answer, or with items lost"* ]] || false
}

@test "counters, chunks and queue are free of data races (ThreadSanitizer)" {
    tsan_works || skip "ThreadSanitizer does not work here"
    for program in primes shared_counter pipeline; do
        tsan "$program.c" -o "$BATS_TEST_TMPDIR/$program"
        run limited "$BATS_TEST_TMPDIR/$program" -n 20000 -t 4
        [ "$status" -eq 0 ]
    done
    run limited "$BATS_TEST_TMPDIR/primes" -s -n 20000 -t 4
    [ "$status" -eq 0 ]
    run limited "$BATS_TEST_TMPDIR/pipeline" -n 50000 -c 1000 -t 3 -q 1
    [ "$status" -eq 0 ]
}

@test "ThreadSanitizer flags the twins with a plain counter, without the lock, or freed too early" {
    tsan_works || skip "ThreadSanitizer does not work here"
    flagged 's/^static atomic_uint_fast64_t next;/static uint64_t next;/
        s/atomic_fetch_add(&next, chunk)/(next += chunk) - chunk/
        s/atomic_store(&next, 0)/next = 0/' primes -n 200000 -t 4
    flagged 's/^typedef atomic_uint_fast64_t counter;/typedef volatile uint64_t counter;/
        s/atomic_load_explicit(count, memory_order_relaxed)/*count/
        s/atomic_store_explicit(count, value, memory_order_relaxed)/*count = value/
        s/atomic_fetch_add_explicit(count, 1, memory_order_relaxed)/++*count/' \
        shared_counter -n 20000 -t 4
    flagged 's/pthread_mutex_lock(&lock);//; s/pthread_mutex_unlock(&lock);//' \
        shared_counter -n 20000 -t 4
    # Without the lock for a moment, long enough for the other threads to come.
    flagged 's/queue.filled--;/pthread_mutex_unlock(\&queue.lock); & usleep(5000);/
        s/pthread_cond_signal(&queue.not_full);/pthread_mutex_lock(\&queue.lock); &/' \
        pipeline -n 50000 -c 1000 -t 3
}

@test "a thread that cannot be started ends a program with one line, and leaves nothing behind" {
    for program in primes shared_counter pipeline; do
        compile_failing 2 -O1 "$program.c" -o "$BATS_TEST_TMPDIR/$program"
        run complaint "$BATS_TEST_TMPDIR/$program" -t 3 -n 20000
        [ "$status" -eq 1 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output =~ ^$program:\ cannot\ start\ thread\ [23]\ of\ 3:\ [A-Z] ]] || false
    done
    tsan_works || skip "ThreadSanitizer does not work here" # it tells of threads not joined
    for program in primes shared_counter pipeline; do
        compile_failing 2 -g -O1 -fsanitize=thread "$program.c" -o "$BATS_TEST_TMPDIR/$program"
        run complaint "$BATS_TEST_TMPDIR/$program" -t 3 -n 20000
        [ "$status" -eq 1 ]
        [ "${#lines[@]}" -eq 1 ]
    done
    # The twin that joins nobody is caught.
    sed '/^static void run(/,/^}/ s/pthread_join(.*);/;/' shared_counter.c \
        >"$BATS_TEST_TMPDIR/leak.c"
    compile_failing 2 -g -O1 -fsanitize=thread "$BATS_TEST_TMPDIR/leak.c" -o "$BATS_TEST_TMPDIR/leak"
    run complaint "$BATS_TEST_TMPDIR/leak" -t 3 -n 20000
    [ "$status" -eq 66 ]
}

@test "a thread that cannot be started ends a Python program in the same way" {
    for program in primes shared_counter pipeline; do
        run_failing 2 "$program.py" -n 20000 -t 3
        [ "$status" -eq 1 ]
        [ "${lines[-1]}" = "$program.py: cannot start a thread: can't start new thread" ]
        [[ $output != *Traceback* ]] || false
    done
}

@test "256 threads in too little memory: one line, exit 1" {
    { [ "$(uname)" = Linux ] && bash -c 'ulimit -v 300000' 2>/dev/null; } ||
        skip "ulimit -v does not work here"
    for program in primes shared_counter pipeline; do
        # shellcheck disable=SC2016 # for the shell that is limited
        run complaint bash -c 'ulimit -v 300000 && exec "$@"' _ build/$program -t 256 -n 20000
        [ "$status" -eq 1 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == "$program: cannot start thread "*" of 256: "* ]] || false
    done
}

@test "256 threads for a user who may have only a few: one line, exit 1" {
    [ "$(uname)" = Linux ] || skip "the limit counts processes only"
    folder=$(mktemp -d) # the test's own folder is nobody else's to read
    chmod 755 "$folder"
    cp build/primes build/shared_counter build/pipeline ./*.py "$folder"
    for program in primes shared_counter pipeline primes.py shared_counter.py pipeline.py; do
        # The threads of primes come and go; those of the others wait until all are there.
        limit=20
        [[ $program != primes* ]] || limit=1
        run few_threads "$limit" "$folder/$program" -t 256 -n 20000
        [ "$status" -ne 77 ] || { rm -r "$folder" && skip "cannot become an ordinary user"; }
        echo "$program: $status: $output"
        [ "$status" -eq 1 ] || break
        [[ $output == *"$program: cannot start "* ]] || break
        [[ $output != *Traceback* ]] || break
        program=
    done
    rm -r "$folder"
    [ -z "$program" ]
}

@test "the Python programs need nothing but a bare Python" {
    for program in shared_counter.py pipeline.py; do
        run limited "$PY" -I -S "$program" -n 2000
        [ "$status" -eq 0 ]
    done
}

@test "values out of range are refused in one line" {
    for program in build/primes build/shared_counter build/pipeline "$PY primes.py" \
        "$PY shared_counter.py" "$PY pipeline.py"; do
        for value in 0 -3 99999 abc '' 1e99 2.5 99999999999999999999999; do
            # shellcheck disable=SC2086 # the command is two words
            refuses -t "$value" $program
            # shellcheck disable=SC2086
            [ "$value" = 99999 ] || refuses -n "$value" $program
        done
        # shellcheck disable=SC2086
        refuses -t 257 $program
    done
    for value in 0 abc '' 65537; do
        refuses -q "$value" build/pipeline
        refuses -q "$value" "$PY" pipeline.py
    done
    for value in 0 -1 abc '' 1000000000001; do
        refuses -c "$value" build/primes
        refuses -c "$value" build/pipeline
        refuses -c "$value" "$PY" pipeline.py
    done
}

@test "an unknown option is refused in one line, and --help explains the known ones" {
    for program in build/primes build/shared_counter build/pipeline "$PY primes.py" \
        "$PY shared_counter.py" "$PY pipeline.py"; do
        for wrong in -x 5; do
            # shellcheck disable=SC2086
            run limited $program $wrong
            [ "$status" -eq 2 ]
            [ "${#lines[@]}" -eq 1 ]
        done
        # shellcheck disable=SC2086
        run limited $program --help
        [ "$status" -eq 0 ]
        [[ $output == *-n*-t* ]] || false
    done
}

@test "the commands at the head of the files work as typed" {
    cp ./*.c ./*.py exercise/*.c "$BATS_TEST_TMPDIR" && cd "$BATS_TEST_TMPDIR"
    for program in primes shared_counter pipeline starter solution harness; do
        run limited bash -c "$(sed -n '/^#/q; s/^ \*     \(.*\)/\1/p' "$program.c")"
        if [ "$program" = starter ]; then [ "$status" -eq 1 ]; else [ "$status" -eq 0 ]; fi
    done
    run limited bash -c "$(sed -n '/^    mkdir /p; /^    python3 /s/$/ -n 1000/p' primes.py)"
    [ "$status" -eq 0 ]
    [ "$(column answer cdll-threads)" = 168 ]
    for program in shared_counter pipeline; do
        run limited bash -ec "$(sed -n '/^import/q; /^    python3 /p' "$program.py")"
        [ "$status" -eq 0 ]
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

@test "exercise: a fix that is fast but racy is refused" {
    tsan_works || skip "ThreadSanitizer does not work here"
    sed '/i % 65536/d; /sched_yield()/d' exercise/starter.c >"$BATS_TEST_TMPDIR/racy.c"
    run checked "$BATS_TEST_TMPDIR/racy.c"
    refused "no two threads touch the same number" "racy.c, line [0-9]"
}

@test "exercise: a fix that is right but lets one thread work at a time is refused" {
    # The whole loop under the lock.
    sed '/i % 65536/d; /sched_yield()/d
        s/^static void \*work/static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; &/
        s/^    for (size_t i/    pthread_mutex_lock(\&lock); &/
        s/^    return NULL/    pthread_mutex_unlock(\&lock); &/' exercise/starter.c \
        >"$BATS_TEST_TMPDIR/locked.c"
    # All given to the last thread.
    sed 's|part = n / (size_t)threads|part = 0|' exercise/solution.c >"$BATS_TEST_TMPDIR/one.c"
    for work in locked one; do
        run checked "$BATS_TEST_TMPDIR/$work.c"
        refused "at work at the same time" "one was never at work while the others were"
        [[ $output == *"right    the answer is right"* ]] || false
        [ "$(grep -c 'not yet' <<<"$output")" -eq 1 ]
    done
}

@test "exercise: a fix that takes a lock for every value is refused" {
    sed '/i % 65536/d; /sched_yield()/d
        s/^static void \*work/static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; &/
        s/uint64_t count = worker/pthread_mutex_lock(\&lock); &/
        s/= count + 1;/& pthread_mutex_unlock(\&lock);/' exercise/starter.c \
        >"$BATS_TEST_TMPDIR/lock.c"
    run checked "$BATS_TEST_TMPDIR/lock.c"
    refused "no lock for every value" "a lock was taken 100000 times for 100000 values"
    [ "$(grep -c 'not yet' <<<"$output")" -eq 1 ]
}

@test "exercise: a fix that does not look at the values is refused" {
    sed 's/BIN_OF(worker->values\[i\])/BIN_OF((uint32_t)i)/' exercise/solution.c \
        >"$BATS_TEST_TMPDIR/blind.c"
    run checked "$BATS_TEST_TMPDIR/blind.c"
    refused "the answer is right" "values are in the wrong bins"
    sed 's/BIN_OF(worker->values\[i\])/worker->values[i] % BINS/' exercise/solution.c \
        >"$BATS_TEST_TMPDIR/blind.c"
    run checked "$BATS_TEST_TMPDIR/blind.c"
    refused "the answer is right" "BIN_OF was not called"
}

@test "exercise: what crashes in the run under ThreadSanitizer is not called right; printing is fine" {
    tsan_works || skip "ThreadSanitizer does not work here"
    # 20000 is the size of that run; the output of `puts` must not confuse the others.
    sed 's/^    size_t part = /    puts("here"); if (n == 20000) *(volatile int *)0 = 0;\
&/' exercise/solution.c >"$BATS_TEST_TMPDIR/fragile.c"
    run checked "$BATS_TEST_TMPDIR/fragile.c"
    refused "no two threads touch the same number" "it ended with"
    [ "$(grep -c 'not yet' <<<"$output")" -eq 1 ]
}

@test "exercise: what does not compile, crashes, or is not there is said to" {
    echo 'int main(void) { retrun 0; }' >"$BATS_TEST_TMPDIR/typo.c"
    run checked "$BATS_TEST_TMPDIR/typo.c"
    refused "typo.c compiles" "typo.c:1"
    sed 's/^    uint64_t bins\[BINS\]; .* it has counted.*/    uint64_t *bins;/' exercise/solution.c \
        >"$BATS_TEST_TMPDIR/crash.c"
    run checked "$BATS_TEST_TMPDIR/crash.c"
    refused "the answer is right" "it crashed"
    run checked "$BATS_TEST_TMPDIR/none.c"
    [ "$status" -eq 2 ]
}
