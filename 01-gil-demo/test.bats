# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # Bats sets output, lines and status
load ../tools/helper
bats_require_minimum_version 1.5.0

setup() { cd "$BATS_TEST_DIRNAME" || return; }

@test "every version of count.py takes 2n steps" {
    run limited "$PY" count.py -n 100001 -t 3
    [ "$status" -eq 0 ]
    rows_are_well_formed
    for version in sequential threads processes asyncio; do
        [ "$(column answer "$version")" = 200002 ]
    done
    [[ $output == "count down from 100,001, twice"* ]] || false
}

@test "count.c takes as many steps as count.py, on any number of threads" {
    for threads in 1 2 3 8; do
        run build/count -n 100001 -t "$threads"
        [ "$status" -eq 0 ]
        rows_are_well_formed
        [ "$(column answer sequential)" = 200002 ]
        [ "$(column answer threads)" = 200002 ]
        [ "$(column threads threads)" = "$threads" ]
    done
}

@test "two Python threads keep one core busy, not two" {
    gil_is_on || skip "this interpreter has no GIL"
    run limited "$PY" count.py -n 1000000 -t 2
    [ "$status" -eq 0 ]
    awk -v busy="$(column busy threads)" 'BEGIN { exit !(busy > 0 && busy <= 1.25) }'
    awk -v busy="$(column busy asyncio)" 'BEGIN { exit !(busy > 0 && busy <= 1.25) }'
}

@test "the C loop survives the optimiser, and its twin without the barrier does not" {
    command -v objdump >/dev/null || skip "objdump is missing"
    # A loop is a jump back into its own function.
    compile -O3 -c -o "$BATS_TEST_TMPDIR/count.o" -x c - <<<"$(sed '/^struct worker/,$d' count.c)
        uint64_t keep(uint64_t n) { return count_down(n); }"
    run objdump -d "$BATS_TEST_TMPDIR/count.o"
    [[ $output == *"keep+"* ]] || false
    compile -O3 -c -o "$BATS_TEST_TMPDIR/gone.o" -x c - <<<"$(sed '/^struct worker/,$d; /__asm__/d' count.c)
        uint64_t keep(uint64_t n) { return count_down(n); }"
    run objdump -d "$BATS_TEST_TMPDIR/gone.o"
    [[ $output != *"keep+"* ]] || false
}

@test "a wrong count is caught: exit 1 and a line that says so" {
    sed 's/worker->steps = count_down(worker->n)/worker->steps = count_down(worker->n) - 1/' \
        count.c >"$BATS_TEST_TMPDIR/wrong.c"
    compile -O2 -pthread "$BATS_TEST_TMPDIR/wrong.c" -o "$BATS_TEST_TMPDIR/wrong"
    run "$BATS_TEST_TMPDIR/wrong" -n 1000
    [ "$status" -eq 1 ]
    [[ $output == *"wrong answer in 1 rows, expected 2000"* ]] || false

    sed 's/return sum(pool.map(count_down, shares))/return sum(pool.map(count_down, shares[1:]))/' \
        count.py >"$BATS_TEST_TMPDIR/wrong.py"
    run limited "$PY" "$BATS_TEST_TMPDIR/wrong.py" -n 1000
    [ "$status" -eq 1 ]
    [[ $output == *"wrong answer in 1 rows, expected 2000"* ]] || false
}

@test "values out of range are refused in one line" {
    for program in build/count "$PY count.py"; do
        for value in 0 -3 99999 abc '' 1e99 2.5 99999999999999999999999; do
            # shellcheck disable=SC2086 # the command is two words
            refuses -t "$value" $program
            # shellcheck disable=SC2086
            [ "$value" = 99999 ] || refuses -n "$value" $program
        done
    done
}

@test "values out of range are refused in one line by the other programs too" {
    for value in 0 -3 99999999999999 abc ''; do
        for option in -n -t -i; do refuses $option "$value" build/toy_gil; done
        for option in -n -t; do refuses $option "$value" "$PY" waiting.py; done
        for option in -n -t; do refuses $option "$value" "$PY" lost_update.py; done
        refuses -n "$value" "$PY" convoy.py
        refuses -n "$value" "$PY" process_cost.py
    done
    refuses -t 1 "$PY" lost_update.py
    refuses -n 1001 "$PY" process_cost.py
    run "$PY" waiting.py -w nothing
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
}

@test "an unknown option is refused in one line, and --help explains the known ones" {
    for program in build/count build/toy_gil "$PY count.py" "$PY timeline.py" "$PY waiting.py"; do
        # shellcheck disable=SC2086
        run $program -x
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        # shellcheck disable=SC2086
        run $program 5
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        # shellcheck disable=SC2086
        run $program --help
        [ "$status" -eq 0 ]
        [[ $output == *-n* ]] || false
        [[ $output == *-t* ]] || false
    done
}

@test "the Python programs need nothing but a bare Python" {
    for program in count.py timeline.py lost_update.py convoy.py; do
        run limited "$PY" -I -S $program -n 50
        [ "$status" -eq 0 ]
    done
    run limited "$PY" -I -S waiting.py -n 2
    [ "$status" -eq 0 ]
    run limited "$PY" -I -S process_cost.py -n 1
    [ "$status" -eq 0 ]
}

@test "the commands at the heads of the files work as typed" {
    cp ./*.c ./*.h ./*.py "$BATS_TEST_TMPDIR" && cd "$BATS_TEST_TMPDIR"
    for name in count toy_gil; do
        run limited bash -c "$(sed -n 's/^ \*     \(cc .*\)/\1/p' $name.c)"
        [ "$status" -eq 0 ]
    done
    for name in timeline lost_update; do # and the quick ones in Python
        run limited bash -e -c "$(sed -n '/^    python3 /p; /^import/q' $name.py)"
        [ "$status" -eq 0 ]
    done
}

# timeline.py: who holds the GIL

@test "timeline.py draws one strip a thread over the same axis, for every kind of work" {
    for work in python hash sleep socket; do
        run limited "$PY" timeline.py -w "$work" -t 3 -n 60
        [ "$status" -eq 0 ]
        [ "$(grep -cE '^thread [123]  .* +[0-9]+%$' <<<"$output")" -eq 3 ]
        [[ ${lines[0]} == "who ran when: $work on 3 threads; CPython 3."*"switch interval 5 ms" ]] || false
        [[ ${lines[-1]} == "together they ran "*"% of one core"*"taking notes took "*"% of a slice" ]] || false
    done
}

@test "with a GIL, threads of pure Python together run one core, and never at the same time" {
    gil_is_on || skip "this interpreter has no GIL"
    run limited "$PY" timeline.py -n 300 --trace "$BATS_TEST_TMPDIR/trace.json"
    [ "$status" -eq 0 ]
    together=$(sed -n 's/^together they ran \([0-9]*\)%.*/\1/p' <<<"$output")
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
        run limited "$PY" timeline.py -w "$work"
        [ "$status" -eq 0 ]
        [ "$(sed -n 's/^thread .* \([0-9]*\)%$/\1/p' <<<"$output" | sort -n | tail -n 1)" -le 90 ]
    done
}

@test "timeline.py draws in plain ASCII where blocks cannot be written" {
    PYTHONIOENCODING=ascii run limited "$PY" timeline.py -n 20
    [ "$status" -eq 0 ]
    [ -z "$(tr -d '\11\12\40-\176' <<<"$output")" ]
    PYTHONIOENCODING=utf-8 run limited "$PY" timeline.py -n 20
    [ -n "$(tr -d '\11\12\40-\176' <<<"$output")" ]
}

@test "timeline.py writes a picture and a trace that can be read, or nothing" {
    mkdir "$BATS_TEST_TMPDIR/out"
    run limited "$PY" timeline.py -t 4 --svg "$BATS_TEST_TMPDIR/out/a.svg" \
        --trace "$BATS_TEST_TMPDIR/out/a.json"
    [ "$status" -eq 0 ]
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
        run --separate-stderr limited "$PY" timeline.py -n 20 $option missing/file
        [ "$status" -eq 2 ]
        [ "$stderr" = "timeline.py: $option 'missing/file': No such file or directory" ]
        for name in "$BATS_TEST_TMPDIR/out" . ''; do # a folder, and what is no name
            run --separate-stderr limited "$PY" timeline.py -n 20 $option "$name"
            [ "$status" -eq 2 ]
            [[ $stderr == "timeline.py: $option '"* ]] || false
        done
        ln -s "$BATS_TEST_TMPDIR/target" "$BATS_TEST_TMPDIR/link"
        run limited "$PY" timeline.py -n 20 $option "$BATS_TEST_TMPDIR/link" # not to be replaced
        [ "$status" -eq 0 ]
        [ -s "$BATS_TEST_TMPDIR/target" ]
        rm "$BATS_TEST_TMPDIR/link" "$BATS_TEST_TMPDIR/target"
    done
    [ "$(cd "$BATS_TEST_TMPDIR" && ls -d out*)" = out ]
    [ "$(cd "$BATS_TEST_TMPDIR/out" && echo *)" = "a.json a.svg" ]
}

@test "timeline.py refuses numbers out of range, and notices a slice whose result is wrong" {
    for value in 1 5 abc ''; do refuses -t "$value" "$PY" timeline.py; done
    for option in -n --switch-interval; do
        for value in 0 -1 nan 1e99 abc ''; do
            run limited "$PY" timeline.py "$option" "$value"
            [ "$status" -eq 2 ]
            [ "${#lines[@]}" -eq 1 ]
            [[ $output == *"$option"*"expected a number of milliseconds from "* ]] || false
        done
    done
    sed 's/^    return x$/    return x + time.perf_counter_ns()/' timeline.py >"$BATS_TEST_TMPDIR/wrong.py"
    run limited "$PY" "$BATS_TEST_TMPDIR/wrong.py" -n 20
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == "timeline.py: cannot run: wrong result of loop" ]] || false
}

# count.py and process_cost.py

@test "count.py says which Python this is, and has a row for subinterpreters where there are any" {
    run limited "$PY" count.py -n 1000
    [[ ${lines[0]} == *"; CPython 3."*" with"*" the GIL" ]] || false
    # Where this Python has no pool of interpreters, a pool of threads stands in for it.
    sed 's/^    InterpreterPoolExecutor = None/    InterpreterPoolExecutor = ThreadPoolExecutor/' \
        count.py >"$BATS_TEST_TMPDIR/newer.py"
    run limited "$PY" "$BATS_TEST_TMPDIR/newer.py" -n 1000 -t 3
    [ "$status" -eq 0 ]
    [ "$(column answer subinterpreters)" = 2000 ]
    [ "$(column threads subinterpreters)" = 3 ]
}

@test "a free-threaded Python on PATH gets a table of its own; otherwise a line says how to get one" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\necho "free-threaded: $*"\n' >"$BATS_TEST_TMPDIR/bin/python3.14t"
    chmod +x "$BATS_TEST_TMPDIR/bin/python3.14t"
    PATH="$BATS_TEST_TMPDIR/bin:$PATH" run make -s free-threaded
    [ "$output" = "free-threaded: count.py" ]
    run make -s free-threaded FREE_THREADED=
    [[ $output == *"uv python install 3.14t"* ]] || false
}

@test "process_cost.py gets the same answer from every process; shared memory is not copied" {
    run limited "$PY" process_cost.py -n 5
    [ "$status" -eq 0 ]
    rows_are_well_formed
    for version in argument shared start-spawn; do
        [ "$(column answer "$version")" = 195000000 ]
    done
    [ "$(column sent argument | tr -d ,)" -ge 5000000 ]
    [ "$(column sent shared | tr -d ,)" -le 1000 ]
}

@test "process_cost.py leaves no shared memory behind, and says so when there is no room for it" {
    [ -d /dev/shm ] || skip "no /dev/shm to look at"
    sed 's/^        context = multiprocessing.get_context()/        print("uses", memory.name)\n&/' \
        process_cost.py >"$BATS_TEST_TMPDIR/telling.py"
    run limited "$PY" "$BATS_TEST_TMPDIR/telling.py" -n 1
    [ "$status" -eq 0 ]
    name=$(sed -n 's/^uses //p' <<<"$output")
    [ -n "$name" ]
    [ ! -e "/dev/shm/$name" ]
    sed 's/room.f_bavail \* room.f_frsize/0/' process_cost.py >"$BATS_TEST_TMPDIR/full.py"
    run --separate-stderr limited "$PY" "$BATS_TEST_TMPDIR/full.py" -n 1
    [ "$status" -eq 1 ]
    [ "$stderr" = "process_cost.py: cannot run: /dev/shm has no room for 1 MB of shared memory" ]
}

# waiting.py

@test "waiting.py gets every answer, however it waits, and every hash, however it computes" {
    run limited "$PY" waiting.py -n 7 -w wait
    [ "$status" -eq 0 ]
    rows_are_well_formed
    for version in one-by-one threads asyncio; do [ "$(column answer "$version")" = 7 ]; done
    run limited "$PY" waiting.py -t 3 -w cpu
    [ "$status" -eq 0 ]
    rows_are_well_formed
    [ "$(column answer one-by-one)" = "$(column answer asyncio)" ]
    [ "$(column answer one-by-one)" = "$(column answer asyncio-to-thread)" ]
}

@test "waits overlap on threads and in asyncio: the server has them all at the same time" {
    # This twin's server answers nobody before all seven requests of a version are there.
    sed 's/await asyncio.sleep(DELAY)/here.append(1); await asyncio.sleep(0)/
         s/^    async def answer(reader, writer):/    here = []\n&/
         s/^        writer.write(b"pong")/        while len(here) % 7: await asyncio.sleep(0.001)\n&/
         /"one-by-one", 1, ask_one_by_one/d' waiting.py >"$BATS_TEST_TMPDIR/twin.py"
    run limited "$PY" "$BATS_TEST_TMPDIR/twin.py" -n 7 -w wait
    [ "$status" -eq 0 ]
    [ "$(column answer threads)" = 7 ]
    [ "$(column answer asyncio)" = 7 ]
}

@test "hashlib lets other threads run while it computes; a loop in Python does not" {
    gil_is_on || skip "this interpreter has no GIL"
    # With a switch interval of an hour, another thread runs only if the GIL is let go.
    cat >"$BATS_TEST_TMPDIR/release.py" <<'EOF'
import hashlib, sys, threading, time

sys.setswitchinterval(3600)

def runs_meanwhile(function):
    state = []
    def work():
        state.append("in")
        function()
        state.append("out")
    thread, seen = threading.Thread(target=work), False
    thread.start()
    while len(state) < 2:
        seen |= len(state) == 1
        time.sleep(0.001)
    thread.join()
    return seen

print(runs_meanwhile(lambda: hashlib.pbkdf2_hmac("sha256", b"", b"", 500_000)))
print(runs_meanwhile(lambda: hashlib.sha256(bytes(10**8))))
print(runs_meanwhile(lambda: sum(range(10**7))))
EOF
    run limited "$PY" "$BATS_TEST_TMPDIR/release.py"
    [ "$output" = "True
True
False" ]
}

@test "asyncio alone keeps one core busy when it computes" {
    run limited "$PY" waiting.py -t 2 -w cpu
    awk -v busy="$(column busy asyncio)" 'BEGIN { exit !(busy > 0 && busy <= 1.25) }'
}

@test "a wrong answer in waiting.py is caught" {
    sed 's/writer.write(b"pong")/writer.write(b"pang")/' waiting.py >"$BATS_TEST_TMPDIR/wrong.py"
    run limited "$PY" "$BATS_TEST_TMPDIR/wrong.py" -n 3 -w wait
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == "waiting.py: wrong answer in 3 rows" ]] || false
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
        rows_are_well_formed
        for version in alone gil gil-released atomic-alone atomic; do
            [ "$(column answer "$version")" = 4 ]
            [ "$(column lost "$version")" = 0 ]
            [ "$(column freed "$version")" = 0 ]
        done
        [ "$(column switches gil)" -ge "$threads" ] # each thread had its turn
        [ "$(column switches no-lock)" = 0 ]
    done
}

@test "without a lock the counts go wrong on one core too" {
    run_until_wrong on_one_core build/toy_gil -n 20
    [ "$(column lost gil)" = 0 ]
}

@test "the toy's GIL keeps one core busy; one thread is in native code, released as many as there are" {
    run limited build/toy_gil -n 100 -t 2
    awk -v busy="$(column busy gil)" 'BEGIN { exit !(busy > 0 && busy <= 1.25) }'
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
    for version in GIL GIL_RELEASED; do
        patience=$([ $version = GIL ] && echo 0.1 || echo 60)
        sed -e "/^        {\"/{/, $version, /!d;}" -e "s/    native_work(); .*/    meet($patience);/" \
            -e 's/^static void native_work/static inline void native_work/' \
            -e 's/^    if (wrong)$/    printf("inside %d\\n", most);\n&/' toy_gil.c >"$BATS_TEST_TMPDIR/meeting.c"
        compile -D_GNU_SOURCE= -I. -include "$BATS_TEST_TMPDIR/meet.h" -O2 -pthread \
            "$BATS_TEST_TMPDIR/meeting.c" -o "$BATS_TEST_TMPDIR/meeting"
        run limited "$BATS_TEST_TMPDIR/meeting" -n 3 -t 3
        [ "$status" -eq 0 ]
        [ "${lines[-1]}" = "inside $([ $version = GIL ] && echo 1 || echo 3)" ]
    done
}

@test "a count that is wrong is caught, and one that never comes back too" {
    sed 's/return atomic_fetch_add(&object->references, by) + by;/return atomic_fetch_add(\&object->references, by * (by > 0)) + by;/' \
        toy_gil.c >"$BATS_TEST_TMPDIR/wrong.c"
    compile -I. -O2 -pthread "$BATS_TEST_TMPDIR/wrong.c" -o "$BATS_TEST_TMPDIR/wrong"
    run limited "$BATS_TEST_TMPDIR/wrong" -n 2
    [ "$status" -eq 1 ]
    [[ $output == *"toy_gil: wrong counts in 2 rows"* ]] || false
}

# The same program with plain counts, which ThreadSanitizer can judge.
plain_toy_gil() {
    sed 's/_Alignas(128) atomic_long references/_Alignas(128) long references/
         s/atomic_load_explicit(&object->references, memory_order_relaxed)/object->references/
         s/atomic_store_explicit(&object->references, references + by, memory_order_relaxed)/object->references = references + by/
         s/atomic_fetch_add(&object->references, by)/__atomic_fetch_add(\&object->references, by, __ATOMIC_SEQ_CST)/
         s/atomic_store(&\([^,]*references\), 1)/\1 = 1/
         s/atomic_load(&\(shared\[i\].references\))/\1/' toy_gil.c
}

@test "the GIL, held or released, and atomic counts are free of data races; no lock is not (ThreadSanitizer)" {
    tsan_works || skip "ThreadSanitizer does not work here"
    plain_toy_gil | sed '/{"no-lock", NO_LOCK, 0},/d' >"$BATS_TEST_TMPDIR/right.c"
    plain_toy_gil >"$BATS_TEST_TMPDIR/racy.c"
    plain_toy_gil | sed '/{"no-lock", NO_LOCK, 0},/d' >"$BATS_TEST_TMPDIR/unheld.c"
    sed 's/while (gil.held)/while (0)/' toy_gil.h >"$BATS_TEST_TMPDIR/toy_gil.h"
    for twin in right racy; do
        compile -iquote . -g -O1 -fsanitize=thread -pthread -x c - -o "$BATS_TEST_TMPDIR/$twin" \
            <"$BATS_TEST_TMPDIR/$twin.c"
    done
    compile -g -O1 -fsanitize=thread -pthread "$BATS_TEST_TMPDIR/unheld.c" -o "$BATS_TEST_TMPDIR/unheld"
    run limited "$BATS_TEST_TMPDIR/right" -n 8 -t 4 -i 500
    [ "$status" -eq 0 ]
    for twin in racy unheld; do
        run limited "$BATS_TEST_TMPDIR/$twin" -n 8 -t 4 -i 500
        [ "$status" -eq 66 ]
        [[ $output == *"data race"* ]] || false
    done
}

# lost_update.py

@test "a transfer forced into the middle of another is lost every time, and never with a lock" {
    for threads in 2 4; do
        run limited "$PY" lost_update.py -n 5000 -t "$threads"
        [ "$status" -eq 0 ]
        rows_are_well_formed
        for version in sequential forced-locked locked; do
            [ "$(column drift "$version")" = 0 ]
            [ "$(column answer "$version")" = 4000 ]
        done
        [ "$(column drift forced)" = 5 ]
    done
}

@test "a lock that does not lock is caught" {
    sed 's/^lock = threading.Lock()/lock = contextlib.nullcontext()/' \
        lost_update.py >"$BATS_TEST_TMPDIR/wrong.py"
    run limited "$PY" "$BATS_TEST_TMPDIR/wrong.py" -n 5000
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == *"forced-locked: a drift of "*", expected 0"* ]] || false
}

# convoy.py

@test "convoy.py answers every request, whatever runs beside it" {
    run limited "$PY" convoy.py -n 20
    [ "$status" -eq 0 ]
    rows_are_well_formed
    for version in quiet 1-python 2-python 1-python-0.5ms 1-released; do
        [ "$(column answer "$version")" = 20 ]
    done
}

@test "beside a thread that computes in Python an answer takes a switch interval at least" {
    gil_is_on || skip "this interpreter has no GIL"
    run limited "$PY" convoy.py -n 20
    # Getting the GIL back takes 5 ms at least, whatever else the machine does.
    awk -v ms="$(column median-ms 1-python)" 'BEGIN { exit !(ms >= 4) }'
    awk -v busy="$(column busy 2-python)" 'BEGIN { exit !(busy > 0 && busy <= 1.25) }'
}

@test "a wrong answer in convoy.py is caught" {
    sed 's/(int(request) + 1)/(int(request) + 2)/' convoy.py >"$BATS_TEST_TMPDIR/wrong.py"
    run limited "$PY" "$BATS_TEST_TMPDIR/wrong.py" -n 10
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == *"convoy.py: wrong answers in 5 rows"* ]] || false
}

# What cannot be done ends in one line

@test "a thread that cannot be created ends a C program in one line, with the others joined" {
    tsan_works || skip "ThreadSanitizer, which sees threads that are not joined, does not work here"
    for name in count toy_gil; do
        compile_failing 2 -I. -g -O1 -fsanitize=thread $name.c -o "$BATS_TEST_TMPDIR/$name"
        run --separate-stderr limited "$BATS_TEST_TMPDIR/$name" -n 8 -t 5
        [ "$status" -eq 1 ]
        [[ $stderr == "$name: cannot start thread "*" of 5: Resource temporarily unavailable" ]] || false
    done
}

@test "with too little memory for their stacks, threads end a C program in one line" {
    for name in count toy_gil; do
        (ulimit -v 300000) 2>/dev/null || skip "this system does not limit address space"
        run --separate-stderr bash -c "ulimit -v 300000; exec build/$name -n 8 -t 256"
        [ "$status" -eq 1 ]
        [[ $stderr == "$name: cannot start thread "*" of 256: "* ]] || false
        [[ $stderr != *$'\n'* ]] || false
    done
}

@test "an ordinary user who may have no more threads gets one line" {
    [ "$(uname)" = Linux ] || skip "the limit counts processes only"
    folder=$(mktemp -d) # the test's own folder is nobody else's to read
    chmod 755 "$folder"
    cp build/count build/toy_gil "$folder"
    for name in count toy_gil; do
        run few_threads 1 "$folder/$name" -n 8 -t 4
        [ "$status" -ne 77 ] || { rm -r "$folder" && skip "cannot become an ordinary user"; }
        [ "$status" -eq 1 ] || break
        [[ $output == *"$name: cannot start thread 1 of "*": Resource temporarily unavailable"* ]] || break
        name=
    done
    rm -r "$folder"
    [ -z "$name" ]
}

@test "a thread that cannot be created ends a Python program in one line, and nothing hangs" {
    for program in count.py waiting.py lost_update.py convoy.py timeline.py process_cost.py; do
        run_failing 0 $program
        [ "$status" -eq 1 ]
        [[ ${lines[-1]} == "$program: cannot "* ]] || false
        [[ $output != *Traceback* ]] || false
    done
    run_failing 2 lost_update.py -n 1000 # the second of four
    [ "$status" -eq 1 ]
    run_failing 1 timeline.py
    [ "$status" -eq 1 ]
    run_failing 2 count.py -n 1000 -t 1 # in the pool of processes
    [ "$status" -eq 1 ]
}

# The exercise

@test "the exercise's starter fails as it says, its solution passes" {
    PYTHONPATH=exercise run limited "$PY" exercise/starter.py
    [ "$status" -eq 0 ]
    [[ ${lines[-1]} == *"meant to fail its check until you finish it"* ]] || false
    CHECK_PATIENCE=0.5 run make -s exercise WORK=exercise/starter.py
    [ "$status" -ne 0 ]
    [[ $output == *"right    every document"* ]] || false
    [[ $output == *"not yet  the waits overlap"*"not yet  several cores parse"* ]] || false
    CHECK_PATIENCE=100 run make -s exercise WORK=exercise/solution.py
    [ "$status" -eq 0 ]
    [[ $output != *"not yet"* ]] || false
}

@test "wrong ways to finish the exercise are refused, each for its own reason" {
    if gil_is_on; then # without one, threads are right for everything
        CHECK_PATIENCE=0.5 run make -s exercise WORK=exercise/wrong/threads_for_everything.py
        [ "$status" -ne 0 ]
        [[ $output == *"not yet  several cores parse"* ]] || false
    fi
    CHECK_PATIENCE=0.5 run make -s exercise WORK=exercise/wrong/fingerprints_one_by_one.py
    [ "$status" -ne 0 ]
    [[ $output == *"not yet  fingerprints are computed at once"* ]] || false
    [ "$(grep -c 'not yet' <<<"$output")" -eq 1 ]
    CHECK_PATIENCE=0.5 run make -s exercise WORK=exercise/wrong/waits_one_by_one.py
    [ "$status" -ne 0 ]
    [[ $output == *"not yet  the waits overlap"* ]] || false
    CHECK_PATIENCE=0.5 run make -s exercise WORK=exercise/wrong/makes_answers_up.py
    [ "$status" -ne 0 ]
    [[ $output == *"not yet  every document"*"1 of 40 are"* ]] || false
    echo 'raise SystemExit("broken")' >"$BATS_TEST_TMPDIR/broken.py"
    run make -s exercise WORK="$BATS_TEST_TMPDIR/broken.py"
    [ "$status" -ne 0 ]
    [[ $output == *"not yet  it runs"*"broken"* ]] || false
}
