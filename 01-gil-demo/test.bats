# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # Bats sets output, lines and status
load ../tools/helper

setup() { cd "$BATS_TEST_DIRNAME" || return; }

@test "every version of count.py takes 2n steps, subinterpreters too where there is a pool of them" {
    versions="sequential threads processes asyncio"
    "$PY" -c 'import concurrent.futures as f; f.InterpreterPoolExecutor' 2>/dev/null &&
        versions+=" subinterpreters" # since 3.14
    counts 200002 "$versions" "$PY" count.py -n 100001 -t 3
    [[ $output == "count down from 100,001, twice; CPython 3."*" with"*" the GIL"* ]] || false
}

@test "count.c takes as many steps as count.py, on any number of threads" {
    for threads in 1 2 3 8; do
        counts 200002 "sequential threads" build/count -n 100001 -t "$threads"
        [ "$(column threads threads)" = "$threads" ]
    done
}

# twin_caught FILE EDIT ROWS OPTION ...: the edited twin ends with the names of these rows.
twin_caught() {
    twin "$1" "$2" || return 1
    local command=("$PY" "$twin/$1")
    if [[ $1 == *.c ]]; then
        command=("$BATS_TEST_TMPDIR/wrong")
        compile -O2 -pthread "$twin/$1" -o "${command[0]}" || return 1
    fi
    caught "$3" "${command[@]}" "${@:4}"
}

@test "a wrong answer is caught in every program: exit 1 and the rows by name" {
    twin_caught count.c 's/worker->steps = count_down(worker->n)/& - 1/' threads -n 1000
    twin_caught count.py 's/pool.map(count_down, shares)/pool.map(count_down, shares[1:])/' \
        'threads processes*' -n 1000
    twin_caught waiting.py 's/writer.write(b"pong")/writer.write(b"pang")/' 'one-by-one threads asyncio' \
        -n 3 -w wait
    twin_caught toy_gil.c 's/atomic_fetch_add(&object->references, by) + by/atomic_fetch_add(\&object->references, by * (by > 0)) + by/' \
        'atomic-alone atomic' -n 2
    # A lock that does not lock.
    twin_caught lost_update.py 's/^lock = threading.Lock()/lock = contextlib.nullcontext()/' \
        '*forced-locked*' -n 5000
    twin_caught convoy.py 's/(int(request) + 1)/(int(request) + 2)/' \
        'quiet 1-python 2-python 1-python-0.5ms 1-released' -n 10
    twin_caught process_cost.py 's/numbers\[::STEP\]/numbers[1::STEP]/' 'argument shared start-*' -n 1
}

@test "two Python threads keep one core busy, not two" {
    gil_is_on || skip "this interpreter has no GIL"
    run -0 limited "$PY" count.py -n 1000000 -t 2
    [[ $(column busy threads) =~ ^(0|1\.[01]) ]] || false
    [[ $(column busy asyncio) =~ ^(0|1\.[01]) ]] || false
}

@test "the C loop survives the optimiser, and its twin without the barrier does not" {
    command -v objdump >/dev/null || skip "objdump is missing"
    # A loop is a jump back into its own function.
    compile -O3 -I. -c -o "$BATS_TEST_TMPDIR/count.o" -x c - <<<"$(sed '/^struct worker/,$d' count.c)
        uint64_t keep(uint64_t n) { return count_down(n); }"
    run objdump -d "$BATS_TEST_TMPDIR/count.o"
    [[ $output == *"keep+"* ]] || false
    compile -O3 -I. -c -o "$BATS_TEST_TMPDIR/gone.o" -x c - <<<"$(sed '/^struct worker/,$d; /__asm__/d' count.c)
        uint64_t keep(uint64_t n) { return count_down(n); }"
    run objdump -d "$BATS_TEST_TMPDIR/gone.o"
    [[ $output != *"keep+"* ]] || false
}

# timeline.py: who holds the GIL

@test "timeline.py draws one strip a thread over the same axis, for every kind of work" {
    for work in python hash sleep socket; do
        run -0 limited "$PY" timeline.py -w "$work" -t 3 -n 60
        [ "$(grep -cE '^thread [123]  .* +[0-9]+%$' <<<"$output")" -eq 3 ]
        [[ ${lines[0]} == "who ran when: $work on 3 threads; CPython 3."*"interval 5 ms" ]] || false
        [[ ${lines[-1]} == "together "*"% of one core"*"notes took "*"% of the time" ]] || false
    done
    [ -n "$(tr -d '\11\12\40-\176' <<<"$output")" ] # blocks, or where they cannot be written, ASCII
    PYTHONIOENCODING=ascii run -0 limited "$PY" timeline.py -n 20
    [ -z "$(tr -d '\11\12\40-\176' <<<"$output")" ]
}

@test "with a GIL, threads of pure Python together run one core, and never at the same time" {
    gil_is_on || skip "this interpreter has no GIL"
    run -0 limited "$PY" timeline.py -n 300 --trace "$BATS_TEST_TMPDIR/trace.json"
    together=$(sed -n 's/^together \([0-9]*\)%.*/\1/p' <<<"$output")
    [ "$together" -gt 0 ]
    [ "$together" -le 110 ]
    "$PY" - "$BATS_TEST_TMPDIR/trace.json" <<'EOF'
import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
turns = [[(e["ts"], e["ts"] + e["dur"]) for e in events if e["ph"] == "X" and e["tid"] == i] for i in (1, 2)]
both = sum(max(0, min(b, d) - max(a, c)) for a, b in turns[0] for c, d in turns[1])
assert both <= 0.2 * 300_000, f"both ran for {both} us of 300,000"
EOF
}

@test "threads that sleep or wait for a socket run a small part of the time only" {
    for work in sleep socket; do
        run -0 limited "$PY" timeline.py -w "$work"
        [ "$(sed -n 's/^thread .* \([0-9]*\)%$/\1/p' <<<"$output" | sort -n | tail -n 1)" -le 90 ]
    done
}

@test "timeline.py writes a picture and a trace that can be read, or nothing" {
    mkdir "$BATS_TEST_TMPDIR/out"
    run -0 limited "$PY" timeline.py -t 4 --svg "$BATS_TEST_TMPDIR/out/a.svg" \
        --trace "$BATS_TEST_TMPDIR/out/a.json"
    "$PY" - "$BATS_TEST_TMPDIR/out" <<'EOF'
import json, os, sys, xml.etree.ElementTree as tree
os.chdir(sys.argv[1])
text = [e.text for e in tree.parse("a.svg").iter("{http://www.w3.org/2000/svg}text")]
assert [t for t in text if t.startswith("thread")] == [f"thread {i}" for i in (1, 2, 3, 4)], text
events = json.load(open("a.json"))["traceEvents"]
assert {e["tid"] for e in events if e["name"] == "thread_name"} == {1, 2, 3, 4}
assert any(e["ph"] == "X" for e in events)
assert all(e["ts"] >= 0 and e["dur"] > 0 and e["ts"] + e["dur"] < 100_001 for e in events if e["ph"] == "X")
EOF
    for option in --svg --trace; do
        for name in missing/file "$BATS_TEST_TMPDIR/out" . ''; do # a folder, and what is no name
            run -2 --separate-stderr limited "$PY" timeline.py -n 20 $option "$name"
            [[ $stderr == "timeline.py: $option '$name': "* ]] || false
        done
    done
    [ "$(cd "$BATS_TEST_TMPDIR" && ls -d out*)" = out ]
    [ "$(cd "$BATS_TEST_TMPDIR/out" && echo *)" = "a.json a.svg" ]
}

@test "a free-threaded Python on PATH gets a table of its own" {
    twin Makefile # which keeps the table
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '%s\n' '#!/bin/sh' 'echo version threads answer seconds speedup busy' \
        "echo \$1 2 1 1.0 1.0 2.0" >"$BATS_TEST_TMPDIR/bin/python3.14t"
    chmod +x "$BATS_TEST_TMPDIR/bin/python3.14t"
    PATH="$BATS_TEST_TMPDIR/bin:$PATH" run -0 make -s -C "$twin" measure-free_threaded
    [[ $output == *"count.py "*" 2.0"* ]] || false
}

@test "process_cost.py gets the same answer from every process; shared memory is not copied" {
    counts 195000000 "argument shared start-spawn" "$PY" process_cost.py -n 5
    [ "$(column sent argument | tr -d ,)" -ge 5000000 ]
    [ "$(column sent shared | tr -d ,)" -le 1000 ]
}

@test "process_cost.py leaves no shared memory behind, and says so when there is no room for it" {
    [ -d /dev/shm ] || skip "no /dev/shm to look at"
    twin process_cost.py 's/^        yield memory.name/        print("uses", memory.name)\n&/'
    run -0 limited "$PY" "$twin/process_cost.py" -n 1
    name=$(sed -n 's/^uses //p' <<<"$output")
    [ -n "$name" ]
    [ ! -e "/dev/shm/$name" ]
    twin process_cost.py 's/room.f_bavail \* room.f_frsize/0/'
    run -1 --separate-stderr limited "$PY" "$twin/process_cost.py" -n 1
    [ "$stderr" = "process_cost.py: /dev/shm has no room for 1 MB of shared memory" ]
}

# waiting.py

@test "waiting.py gets every answer, however it waits, and every hash, however it computes" {
    counts 7 "one-by-one threads asyncio" "$PY" waiting.py -n 7 -w wait
    run -0 limited "$PY" waiting.py -t 3 -w cpu
    [ "$(column answer one-by-one)" = "$(column answer asyncio)" ]
    [[ $(column busy asyncio) =~ ^(0|1\.[01]) ]] || false
    [ "$(column answer one-by-one)" = "$(column answer asyncio-to-thread)" ]
}

@test "waits overlap on threads and in asyncio: the server has them all at the same time" {
    # This twin's server answers nobody before all seven requests of a version are there.
    twin waiting.py 's/await asyncio.sleep(DELAY)/here.append(1); await asyncio.sleep(0)/
        s/^    async def answer(reader, writer):/    here = []\n&/
        s/^        writer.write(b"pong")/        while len(here) % 7: await asyncio.sleep(0.001)\n&/
        /"one-by-one": (1, lambda: ask/d'
    counts 7 "threads asyncio" "$PY" "$twin/waiting.py" -n 7 -w wait
}

@test "hashlib lets other threads run while it computes; a loop in Python does not" {
    gil_is_on || skip "this interpreter has no GIL"
    # With a switch interval of an hour, another thread runs only if the GIL is let go.
    run limited "$PY" -c '
import hashlib, sys, threading

sys.setswitchinterval(3600)

def runs_meanwhile(function):
    start, done, seen = threading.Event(), [], []
    thread = threading.Thread(target=lambda: (start.wait(), seen.append(not done)))
    thread.start()
    start.set()  # now it wants the GIL
    function()
    done.append(1)
    thread.join()
    return seen[0]

print(runs_meanwhile(lambda: hashlib.pbkdf2_hmac("sha256", b"", b"", 500_000)))
print(runs_meanwhile(lambda: hashlib.sha256(bytes(10**8))))
print(runs_meanwhile(lambda: sum(range(10**7))))'
    [ "$output" = $'True\nTrue\nFalse' ]
}

# toy_gil.c

# run_until_wrong COMMAND ...: run it until its version without a lock goes wrong. On a busy machine
# one thread may be done before the other begins.
run_until_wrong() {
    for _ in {1..100}; do
        run "$@"
        [ "$status" -eq 0 ] || return 1
        [ "$(($(column lost no-lock) + $(column freed no-lock)))" -eq 0 ] || return 0
    done
    return 1
}

@test "the toy interpreter's counts are right with a GIL and with atomic counts, wrong with neither" {
    for threads in 2 3 8; do
        run_until_wrong limited build/toy_gil -n 40 -t "$threads"
        for version in alone gil gil-released atomic-alone atomic; do
            [ "$(column answer "$version")" = 4 ]
            [ "$(column lost "$version")" = 0 ]
            [ "$(column freed "$version")" = 0 ]
        done
        [ "$(column switches gil)" -ge "$threads" ] # each thread had its turn
        [ "$(column switches no-lock)" = 0 ]
    done
    run_until_wrong on_one_core build/toy_gil -n 20 # without a lock they go wrong on one core too
}

@test "the toy's GIL keeps one core busy; one thread is in native code, released as many as there are" {
    run limited build/toy_gil -n 100 -t 2
    [[ $(column busy gil) =~ ^(0|1\.[01]) ]] || false
    # The twin's native work waits until all three threads are in it, or for 0.1 s.
    cat >"$BATS_TEST_TMPDIR/meet.h" <<'EOF'
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
static atomic_int inside, most;
static void meet(double patience)
{
    struct timespec a, b, pause = {0, 100000};
    int now = ++inside, before = most;
    while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
        ;
    clock_gettime(CLOCK_MONOTONIC, &a);
    do {
        nanosleep(&pause, NULL);
        clock_gettime(CLOCK_MONOTONIC, &b);
    } while (most < 3 && (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) * 1e-9 < patience);
    inside--;
}
EOF
    for version in gil gil-released; do
        [ $version = gil ] && patience=0.1 wanted=1 || patience=60 wanted=3
        twin toy_gil.c "/^    measure(/{/\"$version\"/!d;}; s/    native_work(un.*/    meet($patience);/
            s/^static void native_work/static inline void native_work/
            s/^    return verdict/    printf(\"inside %d\", most);\n&/"
        compile -D_GNU_SOURCE= -include "$BATS_TEST_TMPDIR/meet.h" -O2 -pthread -w \
            "$twin/toy_gil.c" -o "$BATS_TEST_TMPDIR/meeting"
        run -0 limited "$BATS_TEST_TMPDIR/meeting" -n 3 -t 3
        [ "${lines[-1]}" = "inside $wanted" ]
    done
}

@test "the GIL, held or released, and atomic counts are free of data races; no lock is not (ThreadSanitizer)" {
    tsan_works || skip "ThreadSanitizer does not work here"
    # With plain counts, which ThreadSanitizer can judge.
    local no_lock='/^    measure(&table, "no-lock"/d' plain='s/_Alignas(128) atomic_long references/_Alignas(128) long references/
        s/atomic_load_explicit(&object->references, memory_order_relaxed)/object->references/
        s/atomic_store_explicit(&object->references, references + by, memory_order_relaxed)/object->references = references + by/
        s/atomic_fetch_add(&object->references, by)/__atomic_fetch_add(\&object->references, by, __ATOMIC_SEQ_CST)/'
    for kind in right racy unheld; do
        if [ $kind = racy ]; then twin toy_gil.c "$plain"; else twin toy_gil.c "$plain; $no_lock"; fi
        [ $kind != unheld ] || twin toy_gil.h 's/while (gil.held)/while (0)/'
        compile -g -O1 -fsanitize=thread -pthread "$twin/toy_gil.c" -o "$BATS_TEST_TMPDIR/$kind"
        run limited "$BATS_TEST_TMPDIR/$kind" -n 8 -t 4 -i 500
        if [ $kind = right ]; then [ "$status" -eq 0 ]; else [ "$status" -eq 66 ]; fi
        [ $kind = right ] || [[ $output == *"data race"* ]]
    done
}

# lost_update.py

@test "a transfer forced into the middle of another is lost every time, and never with a lock" {
    for threads in 2 4; do
        counts 4000 "sequential forced-locked locked" "$PY" lost_update.py -n 5000 -t "$threads"
        [ "$(column drift forced)" = 5 ]
    done
}

@test "convoy.py answers every request, beside a Python thread after a switch interval at least" {
    counts 20 "quiet 1-python 2-python 1-python-0.5ms 1-released" "$PY" convoy.py -n 20
    gil_is_on || skip "this interpreter has no GIL"
    # Getting the GIL back takes 5 ms at least, whatever else the machine does.
    awk -v ms="$(column median-ms 1-python)" 'BEGIN { exit !(ms >= 4) }'
    [[ $(column busy 2-python) =~ ^(0|1\.[01]) ]] || false
}

# The exercise

@test "the exercise's starter fails as it says, its solution passes" {
    PYTHONPATH=exercise run -0 limited "$PY" exercise/starter.py
    CHECK_PATIENCE=0.5 run make -s exercise WORK=exercise/starter.py
    [ "$status" -ne 0 ]
    [[ $output == *"right    every document"* ]] || false
    [[ $output == *"not yet  the waits overlap"*"not yet  several cores parse"* ]] || false
    CHECK_PATIENCE=100 run -0 make -s exercise WORK=exercise/solution.py
    [[ $output != *"not yet"* ]] || false
}

@test "wrong ways to finish the exercise are refused, each for its own reason" {
    refused() { # refused FILE REASON
        CHECK_PATIENCE=0.5 run make -s exercise WORK="$1"
        [ "$status" -ne 0 ] && [[ $output == *"not yet  $2"* ]]
    }
    # Without a GIL threads are right for everything.
    ! gil_is_on || refused exercise/wrong/threads_for_everything.py "several cores parse"
    refused exercise/wrong/fingerprints_one_by_one.py "fingerprints are computed at once"
    refused exercise/wrong/processes_for_everything.py "the waits overlap"
    refused exercise/wrong/makes_answers_up.py "every document"
    echo 'raise SystemExit' >"$BATS_TEST_TMPDIR/broken.py"
    refused "$BATS_TEST_TMPDIR/broken.py" "it runs to its end"
}
