# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # Bats sets output, lines and status
# Answers, proofs of concurrency, wrong input, wrong twins. Nothing here depends on speed.
load ../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return 1
    py=$PY
    python=$py
    loops=()
    prelude='
import sys
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, "build")
import _primes, counter, primes_cython
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
'
    # Four threads wait in C until all four are there. The timeouts only bound the waiting.
    four_meet="$prelude"'
def met(module, meet, timeout):
    module.reset_inside()
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(meet, [4] * 4, [timeout] * 4))

for module in _primes, primes_cython:
    seen = met(module, module.meet, 30)
    assert seen == [4] * 4, f"{module.__name__} released: {seen}"
seen = met(_primes, _primes.meet_held, 0.05)
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

# Copy sources and modules to a folder where they can be spoilt, and go there.
twin() {
    cd "$BATS_TEST_DIRNAME" || return 1
    cp ./*.h ./*.c ./*.pyx setup.py primes.py count.py manners.py "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR" || return 1
    mkdir -p build
    cp "$BATS_TEST_DIRNAME"/build/*.so build
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

# Build primesmodule.c alone, into build/, with further options, for $python.
build_c() {
    local include suffix
    include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    suffix=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
    [ "$(uname)" != Darwin ] || set -- -undefined dynamic_lookup "$@"
    mkdir -p build
    compile -O2 -shared -fPIC -I"$include" primesmodule.c "$@" -o "build/_primes$suffix"
}

@test "held and released find the known number of primes" {
    run limited "$py" -c "$prelude"'
for count in (_primes.count_held, _primes.count, _primes.count_interruptible,
              primes_cython.count_held, primes_cython.count, primes_cython.count_interruptible):
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
        [ "$(awk '$2 ~ /^[0-9]+$/ { print $3 }' <<<"$output" | uniq -c | xargs)" = "6 2262" ]
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

@test "the C that Cython makes gives the GIL back where it says so and nowhere else" {
    release='PyEval_SaveThread|Py_UNBLOCK_THREADS'
    for name in __pyx_pf_7counter_2released __pyx_pf_7counter_6release_and_retake; do
        function_text "$name" | grep -Eq "$release"
    done
    for name in __pyx_f_7counter_declared __pyx_pf_7counter_declared __pyx_f_7counter_count_down; do
        [ "$(function_text "$name" | wc -l)" -gt 5 ]
        run grep -E "$release" <(function_text "$name")
        [ "$status" -eq 1 ]
    done
    [ "$(grep -cE "$release" build/counter.c)" -eq 2 ]
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
import array
wrong = [
    *((TypeError, what) for what in (1.0, "7", None, [], 1j)),
    *((ValueError, what) for what in (-1, -(2**64), -(10**5000))),
    *((OverflowError, what) for what in (10**12 + 1, 2**63, 2**64, 10**5000)),
]
cases = []
for module in _primes, primes_cython:
    for f in module.count, module.count_held, module.count_interruptible:
        cases += [(f, "lo", (x, 10), e) for e, x in wrong] + [(f, "hi", (0, x), e) for e, x in wrong]
        cases += [(f, "hi", (8, 7), ValueError)]
        cases += [(f, f.__name__, args, TypeError) for args in ((), (1,), (1, 2, 3))]
    each = module.for_each
    cases += [(each, "lo", (x, 10, print), e) for e, x in wrong]
    cases += [(each, "hi", (0, x, print), e) for e, x in wrong]
    cases += [(each, "hi", (8, 7, print), ValueError), (each, "callback", (0, 1, 5), TypeError)]
    cases += [(each, "callback", (0, 1, None), TypeError)]
    cases += [(each, "for_each", args, TypeError) for args in ((), (1,), (1, 2), (1, 2, print, 4))]
    for meet in module.meet, getattr(module, "meet_held", module.meet):
        cases += [(meet, "n", (x, 0), e) for e, x in [*wrong, (ValueError, 0), (OverflowError, 257)]]
        cases += [(meet, "timeout", (1, x), e) for e, x in (
            (ValueError, -0.5), (ValueError, float("nan")),
            (OverflowError, 61), (OverflowError, float("inf")))]
        cases += [(meet, "meet", args, TypeError) for args in ((), (1,), (1, 2, 3))]
    cases += [(module.sum_buffer, "sum_buffer", args, TypeError) for args in ((), (b"", b""))]
cases += [(_primes.meet, "timeout", (1, x), e) for e, x in (
    (TypeError, "1"), (TypeError, None), (OverflowError, 10**400))]
cases += [(_primes.sum_buffer, "obj", (x,), TypeError)
          for x in ("abc", None, 5, 1.0, array.array("d", [1]), memoryview(b"abc").cast("c"))]
cases += [(primes_cython.sum_buffer, "", (x,), e) for e, x in (
    (TypeError, "abc"), (TypeError, None), (TypeError, 5), (ValueError, array.array("d", [1])))]
for sum_buffer in _primes.sum_buffer, primes_cython.sum_buffer:
    cases += [(sum_buffer, "", (memoryview(b"abcd")[::2],), (BufferError, ValueError))]
for f, name, args, expected in cases:
    try:
        f(*args)
    except expected as error:
        assert name in str(error), f"{f.__name__}: {error} does not name {name}"
    else:
        raise AssertionError(f"{f.__name__}: no error for {name}")
for module in _primes, primes_cython, counter:
    for f in module.inside, module.reset_inside:
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
    rm -r build
    for program in primes.py count.py manners.py; do
        run limited "$py" "$program"
        echo "$output"
        [ "$status" -eq 2 ]
        [ "$(wc -l <<<"$output")" -eq 1 ]
        grep -q "^$program: .*in 03-nogil-extension, type: make build$" <<<"$output"
    done
}

@test "both programs print a title, a header, rows of one format, and a note" {
    row='^[a-z-]+ +[0-9]+ +[0-9]+ +[0-9.e+-]+ +[0-9]+\.[0-9]{2} +[0-9]+\.[0-9]{2} +([0-9]+|-)$'
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
    grep -q '; released, 2 came; in Cython, 2 came$' <<<"$output"
}

@test "while the GIL is held, at most one core works" {
    gil_is_on || skip "this interpreter has no GIL"
    run limited "$py" primes.py -n 300000 -t 4
    echo "$output"
    [ "$status" -eq 0 ]
    awk '$1 == "held" { found = 1; exit !($6 <= 1.25 && $7 == 1) } END { if (!found) exit 1 }' <<<"$output"
}

@test "Python's development mode finds nothing to complain about" {
    for program in 'primes.py -n 20000 -t 4' 'count.py -n 20000 -t 4' manners.py; do
        # shellcheck disable=SC2086 # a program and its options
        limited "$py" -X dev -W error $program >/dev/null 2>"$BATS_TEST_TMPDIR/complaints"
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
    build_c
    run limited "$py" primes.py -n 200000
    echo "$output"
    [ "$status" -eq 1 ]
    grep -q '^primes.py: wrong answer in 4 rows, expected 17984$' <<<"$output"
}

@test "a sum of bytes is right for every kind of buffer, and for_each visits every prime in order" {
    run limited "$py" -c "$prelude"'
import array
for module in _primes, primes_cython:
    for buffer in b"", b"\1\2\377", bytearray(10**6), array.array("B", range(256)), memoryview(b"abc")[1:]:
        assert module.sum_buffer(buffer) == sum(buffer), buffer
    try:
        import numpy
        assert module.sum_buffer(numpy.full(300, 200, numpy.uint8)) == 60_000
    except ImportError:
        pass
    seen = []
    assert module.for_each(10, 30, seen.append) == 6 and seen == [11, 13, 17, 19, 23, 29]
    assert module.for_each(24, 29, seen.append) == module.for_each(5, 5, seen.append) == 0
    assert len(seen) == 6'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "Ctrl-C stops count_interruptible, a buffer in use is not resized, an exception comes through" {
    for how in limited on_one_core; do
        run "$how" "$py" manners.py
        echo "$output"
        [ "$status" -eq 0 ]
        [ "$(grep -c 'KeyboardInterrupt [0-9]* ms later' <<<"$output")" -eq 3 ]
        [ "$(grep -c 'BufferError: Existing exports of data: object cannot be re-sized' <<<"$output")" -eq 2 ]
        [ "$(grep -c 'LookupError(7) in a native thread, raised here  (C)' <<<"$output")" -eq 1 ]
        [ "$(grep -c 'LookupError(7) in the calling thread, raised here  (Cython)' <<<"$output")" -eq 1 ]
    done
}

@test "the check catches a call that ignores Ctrl-C, a buffer given back too early" {
    interrupted=$prelude'
import signal
def interrupt(number, frame):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)

def stopped(count, hi):
    """Let a signal come in during count(0, hi). Does it end the call, or wait for the answer?"""
    answer = []
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        answer.extend(map(count, [0], [hi]))  # from the call into the list without any bytecode
        signal.pause()
    except KeyboardInterrupt:
        return not answer
'
    run limited "$py" -c "$interrupted"'
for module in _primes, primes_cython:
    assert stopped(module.count_interruptible, 10**12), module
    assert not stopped(module.count, 2_000_000), module'
    echo "$output"
    [ "$status" -eq 0 ]

    twin
    spoil primesmodule.c 's/PyErr_CheckSignals() < 0/0/'
    build_c
    run limited "$py" -c "$interrupted"'
assert stopped(_primes.count_interruptible, 2_000_000)'
    echo "$output"
    [ "$status" -eq 1 ]
    grep -q '^AssertionError' <<<"$output"

    cp "$BATS_TEST_DIRNAME/primesmodule.c" .
    spoil primesmodule.c '/"obj", &view) < 0/{n;s/$/ PyBuffer_Release(\&view);/;}'
    spoil manners.py 's/monotonic() + 60/monotonic() + 1/'
    build_c
    run limited "$py" manners.py
    echo "$output"
    [ "$status" -eq 1 ]
    grep -Eq '^manners.py: wrong: (resizing was allowed all the time|the sum is .*)$' <<<"$output"
}

# Call everything in _primes and, if it is there, primes_cython, right and wrong; argv: seconds, threads.
everything='
import array, itertools, sys, threading, time
sys.path.insert(0, "build")
import _primes
modules = [_primes]
try:
    import primes_cython
    modules.append(primes_cython)
except ImportError:
    pass
data = array.array("B", range(256)) * 8

class Stop(Exception):
    pass

def stop(prime):
    raise Stop

def raises(error, f, *args):
    try:
        f(*args)
    except error:
        return
    raise AssertionError(f"{f.__name__}{args}: no {error}")

def once(module):
    for f in module.count, module.count_held, module.count_interruptible:
        assert f(0, 100) == 25 and f(999_983, 999_984) == 1
        raises(ValueError, f, 5, 1), raises(TypeError, f, 1.0, 2), raises(OverflowError, f, 0, 2**63)
        raises(TypeError, f)
    assert module.sum_buffer(data) == 8 * 32640 and module.sum_buffer(b"") == 0
    raises(TypeError, module.sum_buffer, None), raises(TypeError, module.sum_buffer, "abc")
    raises((TypeError, ValueError), module.sum_buffer, array.array("d", [1.0]))
    raises((BufferError, ValueError), module.sum_buffer, memoryview(data)[::2])
    seen = []
    assert module.for_each(1000, 1100, lambda prime: [seen.append(prime)]) == len(seen) == 16
    raises(Stop, module.for_each, 1000, 1100, stop)
    raises(TypeError, module.for_each, 0, 1, None), raises(ValueError, module.for_each, 2, 1, stop)
    assert module.meet(1, 0) >= 1 and module.inside() >= 0
    raises(ValueError, module.meet, 0, 1), raises(ValueError, module.meet, 1, -1.0)
    if module is _primes:
        assert module.meet_held(1, 0) >= 1
        raises(OverflowError, module.meet_held, 1, 61)
    module.reset_inside()

def hammer(end, failures):
    try:
        while time.monotonic() < end and not failures:
            for module in modules:
                once(module)
    except BaseException as error:
        failures.append(error)
        raise

def main(seconds, threads):
    failures = []
    end = time.monotonic() + seconds
    pool = [threading.Thread(target=hammer, args=(end, failures)) for _ in range(threads)]
    for thread in pool: thread.start()
    for thread in pool: thread.join()
    return bool(failures)
'

@test "eight threads call everything for five seconds, and every answer is right" {
    run limited "$py" -X dev -c "$everything"'
sys.exit(main(5, 8))'
    echo "$output"
    [ "$status" -eq 0 ]
}

# Is memory lost in 10,000 calls? Blocks and references are Python'"'"'s, bytes are malloc'"'"'s (glibc tells).
leaks=$everything'
import ctypes, gc, signal

class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

def allocated():
    try:
        mallinfo = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return 0
    mallinfo.restype = Mallinfo
    info = mallinfo()
    return info.uordblks + info.hblkhd

def interrupt(number, frame):
    raise Stop

signal.signal(signal.SIGALRM, interrupt)
def interrupted(module):
    try:
        signal.setitimer(signal.ITIMER_REAL, 2e-5)
        module.count_interruptible(0, 10**12)
    except Stop:
        pass

view = memoryview(data)[::2]
def state():
    gc.collect()
    return sys.getallocatedblocks(), allocated(), [sys.getrefcount(x) for x in (data, view, stop, Stop)]

def lost(work, calls=10_000):
    for _ in range(200):
        work()
    blocks, malloced, references = state()
    for _ in range(calls):
        work()
    more = state()
    return {"blocks": more[0] - blocks > 300, "bytes": more[1] - malloced > 8 * calls,
            "references": any(b - a > 100 for a, b in zip(references, more[2]))}
'

@test "10,000 calls of every function, and of its errors, lose no memory and no reference" {
    run limited "$py" -c "$leaks"'
for module in modules:
    for work in (lambda: once(module)), (lambda: interrupted(module)):
        assert not any(lost(work).values()), (module, lost(work))'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "the check catches a lost buffer, reference, result, exception and thread state" {
    for spoilt in 'primesmodule.c s/PyBuffer_Release(&view);.*//' 'primesmodule.c s/Py_XDECREF(number);//' \
        'primesmodule.c s/Py_DECREF(result);//' 'primesmodule.c s/Raised\(.*\)(job.exception)/Raised\1(Py_NewRef(job.exception))/' \
        'native_thread.h s/PyThreadState_DeleteCurrent()/PyEval_SaveThread()/'; do
        twin
        spoil "${spoilt%% *}" "${spoilt#* }"
        build_c
        run limited "$py" -c "$leaks"'
result = lost(lambda: once(_primes), 2000)
print(result)
sys.exit(any(result.values()))'
        echo "$spoilt: $output"
        [ "$status" -eq 1 ]
    done
}

# Print the library that a sanitizer's run time is in, as gcc or clang has it; fail if there is none.
runtime() { # runtime thread|address
    local name path
    case $1 in thread) set -- tsan ;; *) set -- asan ;; esac
    # clang's own first: it knows where gcc's is, too.
    for name in "libclang_rt.$1-$(uname -m).so" "libclang_rt.$1.so" "lib$1.so"; do
        path=$(compile -print-file-name="$name")
        [ ! -f "$path" ] || { echo "$path"; return; }
    done
    return 1
}

# Build what lies here with a sanitizer, into build/; with "c", only the module in C.
build_sanitized() { # build_sanitized thread|address [c]
    local flags=(-g -O1 "-fsanitize=$1") include
    [ "$1" = thread ] || flags+=(-fsanitize=undefined -fno-sanitize-recover=undefined)
    case $(compile --version) in *clang*) flags+=(-shared-libsan) ;; esac
    rm -f build/*.so
    build_c "${flags[@]}"
    [ "${2:-}" != c ] || return 0
    include=$("$py" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    compile "${flags[@]}" -shared -fPIC -w -DCYTHON_USE_MODULE_STATE=1 -I. -I"$include" \
        "$BATS_TEST_DIRNAME/build/primes.c" -o build/primes_cython.so
}

# Run Python code with a sanitizer's run time loaded first, as it must be.
run_sanitized() { # run_sanitized thread|address CODE
    local library
    library=$(runtime "$1")
    # The path: what clang made asks for the library by its name alone.
    run limited env LD_PRELOAD="$library" LD_LIBRARY_PATH="${library%/*}" PYTHONMALLOC=malloc \
        TSAN_OPTIONS=ignore_noninstrumented_modules=1:exitcode=66 \
        ASAN_OPTIONS=detect_leaks=0:exitcode=66 UBSAN_OPTIONS=exitcode=66 "$py" -c "$2"
    echo "$output" | tail -n 30
}

sanitizer_works() { # sanitizer_works thread|address
    [ "$(uname)" = Linux ] || skip "the sanitizers are loaded into Python on Linux only"
    runtime "$1" >/dev/null || skip "this compiler has no $1 sanitizer"
    run_sanitized "$1" 'print("works")'
    [ "$output" = works ] || skip "the $1 sanitizer does not run with this Python: ${lines[0]}"
}

@test "ThreadSanitizer finds no race while four threads call everything" {
    sanitizer_works thread
    twin
    build_sanitized thread
    run_sanitized thread "$everything"'
sys.exit(main(2, 4))'
    [ "$status" -eq 0 ]
}

@test "ThreadSanitizer catches state that all threads share" {
    sanitizer_works thread
    twin
    spoil primesmodule.c 's/^    uint64_t sum = 0;/    static uint64_t sum; sum = 0;/'
    build_sanitized thread c
    run_sanitized thread "$everything"'
sys.exit(main(2, 4))'
    [ "$status" -ne 0 ]
    grep -q 'ThreadSanitizer: data race' <<<"$output"
}

@test "the address and undefined behaviour sanitizers find nothing" {
    sanitizer_works address
    twin
    build_sanitized address
    run_sanitized address "$everything"'
sys.exit(main(2, 4))'
    [ "$status" -eq 0 ]
}

@test "the sanitizers catch a byte read behind the end, and an overflow" {
    sanitizer_works address
    twin
    spoil primesmodule.c 's/i < n; i++)/i <= n + 1; i++)/' # the object ends with a 0 byte
    build_sanitized address c
    run_sanitized address 'import sys; sys.path.insert(0, "build")
import _primes
print(_primes.sum_buffer(b"x" * 4096))'
    [ "$status" -ne 0 ]
    grep -q 'AddressSanitizer: heap-buffer-overflow' <<<"$output"

    twin
    spoil primesmodule.c 's/uint64_t d = 2; d \* d <= n/int d = 2; (uint64_t)(d * d) <= n/'
    build_sanitized address c
    run_sanitized address 'import sys; sys.path.insert(0, "build")
import _primes
print(_primes.count(10**12 - 11, 10**12 - 10))'
    [ "$status" -ne 0 ]
    grep -q 'signed integer overflow' <<<"$output"
}

# The Pythons from 3.11 on that are on PATH or in pyenv, and have headers: one line each.
pythons() {
    local python
    for python in python3 python3.{11..19} python3.{13..19}t "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3; do
        "$python" -c '
import os, sys, sysconfig
if sys.version_info >= (3, 11) and os.path.exists(sysconfig.get_path("include") + "/Python.h"):
    print(os.path.realpath(sys.executable))' 2>/dev/null || true
    done | sort -u
}

@test "the same sources build and work on every Python from 3.11 on that is here" {
    [ -n "$(pythons)" ] || skip "no Python with headers but the one in .venv"
    twin
    while read -r python; do
        rm -rf build
        build_c -Wall -Wextra -Werror
        run limited "$python" -c "$everything"'
print(sys.version)
for _ in range(100): once(_primes)'
        echo "$output"
        [ "$status" -eq 0 ]
    done < <(pythons)
}

@test "fifty interpreters import the module, use it and end, on every Python that can" {
    twin
    while read -r python; do
        rm -rf build
        build_c
        run limited "$python" -c '
import sys, threading
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

def use(count):
    for _ in range(count):
        one = interpreters.create()
        failed = interpreters.run_string(one, """if True:
            import sys
            sys.path.insert(0, "build")
            import _primes
            assert _primes.inside() == 0
            seen = []
            assert _primes.count(0, 1000) == _primes.for_each(0, 1000, seen.append) == len(seen) == 168
            assert _primes.sum_buffer(b"abc") == 294 and _primes.inside() == 1
            def stop(prime):
                raise LookupError(prime)
            try:
                _primes.for_each(0, 1000, stop)
            except LookupError:
                del _primes, sys.modules["_primes"]
            else:
                raise AssertionError("no exception")""")
        interpreters.destroy(one)
        assert failed is None, failed

use(50)
if sys.version_info >= (3, 12):  # each has a GIL of its own: five threads at once
    pool = [threading.Thread(target=use, args=(10,)) for _ in range(5)]
    for thread in pool: thread.start()
    for thread in pool: thread.join()
print("used")'
        echo "$python: $output"
        [ "$status" -eq 0 ] || [[ $output == *"No module named '_xxsubinterpreters'"* ]]
        [[ $output != *Traceback* ]] || false
    done < <(pythons)
}

@test "interpreters.py shows a GIL for each interpreter, or says in one line what it needs" {
    run limited "$py" interpreters.py -n 20000 -t 3
    echo "$output"
    [ "$status" -eq 0 ]
    if "$py" -c 'import concurrent.interpreters' 2>/dev/null; then
        rows_are_well_formed
    else
        [ "${#lines[@]}" -eq 1 ]
        grep -q '^interpreters.py: needs CPython 3.14 or newer' <<<"$output"
    fi
}

# CPython 3.13 has the modules of 3.14 that interpreters.py needs, in its own tests: they stand in
# here. With "legacy", its interpreters share one GIL.
run_interpreters_on_313() { # run_interpreters_on_313 isolated|legacy
    cat >run.py <<EOF
import concurrent, _interpreters, runpy, sys
from test.support import interpreters
from test.support.interpreters import queues

def create():
    one = interpreters.Interpreter(_interpreters.create("$1"))
    one.exec("import test.support.interpreters.queues")
    return one

interpreters.create, interpreters.create_queue = create, queues.create
concurrent.interpreters = sys.modules["concurrent.interpreters"] = interpreters
sys.argv = ["interpreters.py", "-n", "20000", "-t", "3"]
runpy.run_path("interpreters.py", run_name="__main__")
EOF
    run limited "$python" run.py
    echo "$output"
}

@test "interpreters.py works, and notices when two interpreters share a GIL (CPython 3.13)" {
    local found=
    while read -r python; do
        if "$python" -c 'import sys, test.support.interpreters.queues
sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then found=$python; fi
    done < <(pythons)
    [ -n "$found" ] || skip "no CPython 3.13 with its own tests here"
    python=$found
    twin
    cp "$BATS_TEST_DIRNAME/interpreters.py" .
    build_c
    run_interpreters_on_313 isolated
    [ "$status" -eq 0 ]
    rows_are_well_formed
    [ "$(awk '$2 ~ /^[0-9]+$/ { print $3 }' <<<"$output" | uniq -c | xargs)" = "3 2262" ]

    spoil interpreters.py 's/(0.3, 3.0, 30.0)/(0.3,)/'
    run_interpreters_on_313 legacy
    [ "$status" -eq 1 ]
    grep -q 'interpreters.py: wrong: the interpreters share one GIL$' <<<"$output"
}
