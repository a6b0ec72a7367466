# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# Answers, proofs of concurrency, wrong input, wrong twins. Nothing here depends on speed.
load ../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return 1
    py=$BATS_TEST_DIRNAME/$PY
    loops=()
    prelude='
import sys
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, "build")
import _primes, counter
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
'
    # Four threads wait in C until all four are there. The timeouts only bound the waiting.
    four_meet="$prelude"'
def met(meet, timeout):
    _primes.reset_inside()
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(meet, [4] * 4, [timeout] * 4))

seen = met(_primes.meet, 30)
assert seen == [4] * 4, f"released: {seen}"
seen = met(_primes.meet_held, 0.05)
assert seen == [1] * 4 or not gil, f"held: {seen}"
'
}

teardown() {
    stop_loops
}

# Keep four cores busy. The loops end by themselves if nobody stops them.
start_loops() {
    for _ in 1 2 3 4; do
        "$py" -c 'import time
end = time.monotonic() + 60
while time.monotonic() < end: pass' 3>&- &
        loops+=($!)
    done
}

stop_loops() {
    for loop in ${loops[@]+"${loops[@]}"}; do
        kill "$loop" 2>/dev/null || true
        wait "$loop" 2>/dev/null || true
    done
    loops=()
}

# Print the text of one C function of the file that Cython made.
function_text() {
    awk -v name="$1" 'index($0, name "(") && /^static.*\{$/ { on = 1 } on; /^}/ { on = 0 }' \
        build/counter.c
}

# Copy the sources to a folder where they can be spoilt.
twin() {
    cp inside.h primesmodule.c counter.pyx setup.py primes.py count.py "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR" || return 1
}

spoil() { # spoil FILE SED-EXPRESSION: fails if nothing changed
    cp "$1" before
    sed "$2" before >"$1"
    ! cmp -s before "$1"
}

build() {
    "$py" setup.py -q build_ext --force --build-lib build --build-temp build/temp >log 2>&1 ||
        { cat log; return 1; }
}

@test "held and released find the known number of primes" {
    run limited "$py" -c "$prelude"'
for count in _primes.count_held, _primes.count:
    assert count(0, 200_000) == 17_984
    assert count(0, 0) == count(5, 5) == count(0, 2) == 0
    assert count(2, 3) == count(10**12 - 11, 10**12 - 10) == 1  # the largest prime below 10**12
    assert count(999_983**2, 999_983**2 + 1) == 0'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "the number of threads does not change an answer" {
    for threads in 1 2 3 7; do
        run limited "$py" primes.py -n 20011 -t "$threads"
        echo "$output"
        [ "$status" -eq 0 ]
        [ "$(awk '$1 ~ /^(sequential|held|released)$/ { print $3 }' <<<"$output" | uniq -c | xargs)" = "3 2262" ]
        run limited "$py" count.py -n 1000003 -t "$threads"
        echo "$output"
        [ "$status" -eq 0 ]
        [ "$(awk '$2 ~ /^[0-9]+$/ { print $3 }' <<<"$output" | uniq -c | xargs)" = "4 1000003" ]
    done
}

@test "four threads meet inside C when the GIL is released, and never when it is held" {
    run limited "$py" -c "$four_meet"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "they meet on one core as well" {
    command -v taskset >/dev/null || skip "taskset is missing"
    core=$("$py" -c 'import os; print(min(os.sched_getaffinity(0)))')
    run limited taskset -c "$core" "$py" -c "$four_meet"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "they meet beside four busy loops as well" {
    start_loops
    run limited "$py" -c "$four_meet"
    stop_loops
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "a wait for too many threads ends after its timeout" {
    run limited "$py" -c "$prelude"'
for meet in _primes.meet, _primes.meet_held:
    _primes.reset_inside()
    assert meet(2, 0.05) == 1
    assert _primes.inside() == 1'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "threads in declared never overlap, and those in released do" {
    run limited "$py" -c "$prelude"'
import time
def highest(count):
    counter.reset_inside()
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(count, [5_000_000] * 8)) == 40_000_000
    return counter.inside()

assert highest(counter.declared) == 1 or not gil
end = time.monotonic() + 40
while highest(counter.released) < 2:
    assert time.monotonic() < end, "never two threads inside"'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "the C that Cython makes gives the GIL back in released and nowhere else" {
    release='PyEval_SaveThread|Py_UNBLOCK_THREADS'
    function_text __pyx_pf_7counter_2released | grep -Eq "$release"
    for name in __pyx_f_7counter_declared __pyx_pf_7counter_declared __pyx_f_7counter_count_down; do
        [ "$(function_text "$name" | wc -l)" -gt 5 ]
        run grep -E "$release" <(function_text "$name")
        [ "$status" -eq 1 ]
    done
    [ "$(grep -cE "$release" build/counter.c)" -eq 1 ]
}

@test "deleted returns 10**15 at once: there is no loop left" {
    run limited "$py" -c "$prelude"'
assert counter.deleted(10**15) == 10**15
assert counter.deleted(0) == 0'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "a wrong argument raises the right exception, which names the argument" {
    run limited "$py" -c "$prelude"'
wrong = [
    *((TypeError, what) for what in (1.0, "7", None, [], 1j)),
    *((ValueError, what) for what in (-1, -(2**64), -(10**5000))),
    *((OverflowError, what) for what in (10**12 + 1, 2**63, 2**64, 10**5000)),
]
calls = [("lo", lambda x: (x, 10)), ("hi", lambda x: (0, x))]
cases = [(f, name, args(x), e) for f in (_primes.count, _primes.count_held)
         for name, args in calls for e, x in wrong]
cases += [(f, "hi", (8, 7), ValueError) for f in (_primes.count, _primes.count_held)]
cases += [(f, f.__name__, args, TypeError) for f in (_primes.count, _primes.count_held)
          for args in ((), (1,), (1, 2, 3))]
for f in _primes.meet, _primes.meet_held:
    cases += [(f, "n", (x, 0), e) for e, x in [*wrong, (ValueError, 0), (OverflowError, 257)]]
    cases += [(f, "timeout", (1, x), e) for e, x in (
        (TypeError, "1"), (TypeError, None), (ValueError, -0.5), (ValueError, float("nan")),
        (OverflowError, 61), (OverflowError, float("inf")), (OverflowError, 10**400))]
    cases += [(f, "meet", args, TypeError) for args in ((), (1,), (1, 2, 3))]
for f, name, args, expected in cases:
    try:
        f(*args)
    except expected as error:
        assert name in str(error), f"{f.__name__}: {error} does not name {name}"
    else:
        raise AssertionError(f"{f.__name__}: no error for {name}")
for f in _primes.inside, _primes.reset_inside, counter.inside, counter.reset_inside:
    try:
        f(1)
    except TypeError:
        continue
    raise AssertionError(f.__name__)
'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "Cython refuses wrong arguments too, and takes no step for a negative number" {
    run limited "$py" -c "$prelude"'
cases = [(args, TypeError) for args in ((), (1, 2), (1.0,), ("7",), (None,))]
cases += [((n,), OverflowError) for n in (2**63, 2**64, -(2**64))]
for f in counter.declared, counter.released, counter.deleted:
    assert f(-1) == f(0) == 0
    for args, expected in cases:
        try:
            f(*args)
        except expected:
            continue
        raise AssertionError(f"{f.__name__}{args}")'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "every interpreter of a process has its own count of threads" {
    run limited "$py" -c "$prelude"'
try:
    import _interpreters
except ImportError:
    import _xxsubinterpreters as _interpreters
assert _primes.count(0, 100) == 25 and _primes.inside() == 1
other = _interpreters.create()
failure = _interpreters.run_string(other, """
import sys
sys.path.insert(0, "build")
import _primes
assert _primes.inside() == 0
assert _primes.count(0, 100) == 25 and _primes.inside() == 1
""")
assert failure is None, failure
_interpreters.destroy(other)'
    case $output in *"No module named '_xxsubinterpreters'"*) skip "this Python has no subinterpreters" ;; esac
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "a wrong option ends with one line and exit code 2" {
    for program in primes.py count.py; do
        for option in '-t 0' '-t -3' '-t 99999' '-t abc' '-t ' '-n 1e99' '-n 0' '-n -1' \
            '-n 99999999999999999999999' '-n 0.5' '-n '; do
            run limited "$py" "$program" "${option%% *}" "${option#* }"
            echo "$program $option: $output"
            [ "$status" -eq 2 ]
            [ "$(wc -l <<<"$output")" -eq 1 ]
            grep -q "^$program: error: argument ${option%% *}: " <<<"$output"
        done
        run limited "$py" "$program" -t 99999
        grep -qF "'99999': expected a whole number from 1 to 256" <<<"$output"
        run limited "$py" "$program" --nonsense
        [ "$status" -eq 2 ]
        run limited "$py" "$program" --help
        [ "$status" -eq 0 ]
    done
}

@test "without a build the programs say in one line what to type" {
    twin
    for program in primes.py count.py; do
        run limited "$py" "$program"
        echo "$output"
        [ "$status" -eq 2 ]
        [ "$(wc -l <<<"$output")" -eq 1 ]
        grep -q "^$program: .*in 03-nogil-extension, type: make build$" <<<"$output"
    done
}

@test "both programs print a title, a header, rows of one format, and a note" {
    row='^[a-z]+ +[0-9]+ +[0-9]+ +[0-9.e+-]+ +[0-9]+\.[0-9]{2} +[0-9]+\.[0-9]{2} +([0-9]+|-)$'
    for program in primes.py count.py; do
        run limited "$py" "$program" -n 20000 -t 3
        echo "$output"
        [ "$status" -eq 0 ]
        table=$(sed '1d;/^$/,$d' <<<"$output")
        [ "$(head -n 1 <<<"$table" | xargs)" = 'version threads answer seconds speedup busy inside' ]
        [ "$(sed 1d <<<"$table" | grep -cvE "$row")" -eq 0 ]
        [ "$(sed 1d <<<"$table" | awk '{ print $1 }' | sort -u | wc -l)" -eq "$(sed 1d <<<"$table" | wc -l)" ]
        [ "$(sed '1,/^$/d' <<<"$output" | wc -l)" -eq 1 ]
    done
    run limited "$py" primes.py -n 100 -t 2
    grep -q '; released, 2 came$' <<<"$output"
}

@test "while the GIL is held, at most one core works" {
    gil_is_on || skip "this interpreter has no GIL"
    run limited "$py" primes.py -n 300000 -t 4
    echo "$output"
    [ "$status" -eq 0 ]
    awk '$1 == "held" { found = 1; exit !($6 <= 1.25 && $7 == 1) } END { if (!found) exit 1 }' <<<"$output"
}

@test "Python's development mode finds nothing to complain about" {
    for program in primes.py count.py; do
        limited "$py" -X dev -W error "$program" -n 20000 -t 4 >/dev/null 2>"$BATS_TEST_TMPDIR/complaints"
        cat "$BATS_TEST_TMPDIR/complaints"
        [ ! -s "$BATS_TEST_TMPDIR/complaints" ]
    done
}

@test "the check catches a loop that counts wrong once the GIL is released" {
    twin
    spoil primesmodule.c 's/uint64_t primes = count_range(/uint64_t primes = 1 + count_range(/'
    spoil counter.pyx '/with nogil:/{n;s/count_down(n)/count_down(n - 1)/;}'
    build
    run limited "$py" primes.py -n 20011
    echo "$output"
    [ "$status" -eq 1 ]
    grep -q '^primes.py: wrong answer in 1 rows, expected 2262$' <<<"$output"
    run limited "$py" count.py -n 20011
    echo "$output"
    [ "$status" -eq 1 ]
    grep -q '^count.py: wrong answer in 1 rows, expected 20011$' <<<"$output"
}

@test "the check catches a test for primes that lets squares through" {
    twin
    spoil primesmodule.c 's/d \* d <= n; d++/d * d < n; d++/'
    build
    run limited "$py" primes.py -n 200000
    echo "$output"
    [ "$status" -eq 1 ]
    grep -q '^primes.py: wrong answer in 3 rows, expected 17984$' <<<"$output"
}
