# shellcheck shell=bash disable=SC2154,SC2030,SC2031,SC2086 # Bats sets output, lines and status
# Answers, proofs of concurrency, wrong arguments, wrong twins. Nothing here depends on speed.
load ../tools/helper

setup() { cd "$BATS_TEST_DIRNAME" || return 1; }

prelude='
import array, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, "build")
import _primes, counter, primes_cython
gil = getattr(sys, "_is_gil_enabled", lambda: True)()

def raises(error, f, *args, naming=""):
    try:
        f(*args)
    except error as what:
        assert naming in str(what), f"{f.__name__}: {what} does not name {naming}"
    else:
        raise AssertionError(f"{f.__name__}{args}: no {error}")
'

# passes CODE: run Python code after the prelude, in development mode, and let no warning pass.
passes() {
    run -0 limited "$PY" ${no_dev:--X dev} -W error -c "$prelude$1"
}

# Copy sources and modules to a folder where they can be edited, and go there.
twin() {
    cd "$BATS_TEST_TMPDIR" || return 1
    mkdir -p build
    cp "$BATS_TEST_DIRNAME"/*.{h,c,py} .
    cp "$BATS_TEST_DIRNAME"/build/*.so build
}

# Build a module in C, primesmodule.c alone, into build/, with further options.
build_c() {
    local include suffix
    read -r suffix include < <("$PY" -c 'from sysconfig import *; print(get_config_var("EXT_SUFFIX"), get_path("include"))')
    [ "$(uname)" != Darwin ] || set -- -undefined dynamic_lookup "$@"
    compile -O2 -shared -fPIC -I"$include" -I"$BATS_TEST_DIRNAME" primesmodule.c "$@" -o "build/_primes$suffix"
}

# found REGEX: what ran last failed, and says so in its last line.
found() { [ "$status" -eq 1 ] && [[ ${lines[-1]} =~ ^$1$ ]]; }

# Each answer in the table of $output, and before it how many rows have it.
answers() { awk '$2 ~ /^[0-9]+$/ { print $3 }' <<<"$output" | uniq -c | xargs; }

# losing_a_step MODULE FUNCTION PROGRAM ...: run a program, but the function returns 1 too little.
losing_a_step() {
    run limited "$PY" -c '
import importlib, runpy, sys
sys.path[:0] = [".", "build"]
module, name = importlib.import_module(sys.argv[1]), sys.argv[2]
right = getattr(module, name)
setattr(module, name, lambda *args: right(*args) - 1)
del sys.argv[:3]
runpy.run_path(sys.argv[0], run_name="__main__")' "$@"
}

@test "every function has the right answer, and for_each visits every prime in order" {
    passes '
import numpy
for module in _primes, primes_cython:
    for count in module.count_held, module.count, module.count_interruptible:
        assert count(0, 200_000) == 17_984
        assert count(0, 0) == count(5, 5) == count(0, 2) == 0
        assert count(2, 3) == count(10**12 - 11, 10**12 - 10) == 1  # the largest prime below 10**12
        assert count(999_983**2, 999_983**2 + 1) == 0
    for buffer in b"", b"\1\2\377", bytearray(10**6), array.array("B", range(256)), memoryview(b"abc")[1:]:
        assert module.sum_buffer(buffer) == sum(buffer), buffer
    assert module.sum_buffer(numpy.full(300, 200, numpy.uint8)) == 60_000
    seen = []
    assert module.for_each(10, 30, seen.append) == 6 and seen == [11, 13, 17, 19, 23, 29]
    assert module.for_each(24, 29, seen.append) == module.for_each(5, 5, seen.append) == 0'
}

@test "the number of threads changes no answer, and while the GIL is held at most one core works" {
    for threads in 1 3 7; do
        run -0 limited "$PY" primes.py -n 300000 -t "$threads"
        [ "$(answers)" = "6 25997" ]
        [[ ${lines[-1]} == *'; released, 2; in Cython, 2' ]] || false
        ! gil_is_on || awk -v busy="$(column busy held)" -v inside="$(column inside held)" \
            'BEGIN { exit !(busy <= 1.25 && inside == 1) }'
        run -0 limited "$PY" count.py -n 1000003 -t "$threads"
        [ "$(answers)" = "4 1000003" ]
    done
}

@test "four threads meet if the GIL is released, never if held: on one core, beside busy loops too" {
    passes '
import os, subprocess
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])

def met(module, meet, timeout):  # the timeout only bounds the waiting
    module.reset_inside()
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(meet, [4] * 4, [timeout] * 4))

loop = "import time; end = time.monotonic() + 60\nwhile time.monotonic() < end: pass"
loops = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(4)]
seen = [met(*how) for how in ((_primes, _primes.meet, 30), (primes_cython, primes_cython.meet, 30),
                              (_primes, _primes.meet_held, 0.05))]
for loop in loops: loop.kill(), loop.wait()
assert seen[:2] == [[4] * 4] * 2 and (seen[2] == [1] * 4 or not gil), seen'
}

@test "threads in declared never overlap, and those in released do" {
    passes '
def highest(count):
    counter.reset_inside()
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(count, [5_000_000] * 8)) == 40_000_000
    return counter.inside()

assert highest(counter.declared) == 1 or not gil
end = time.monotonic() + 60
while highest(counter.released) < 2:
    assert time.monotonic() < end, "never two threads inside"'
}

@test "the C that Cython makes gives the GIL back where it says so and nowhere else" {
    function_text() {
        awk -v name="$1" 'index($0, name "(") && /^static.*\{$/ { on = 1 } on; /^}/ { on = 0 }' build/counter.c
    }
    release='PyEval_SaveThread|Py_UNBLOCK_THREADS'
    for name in __pyx_pf_7counter_2released __pyx_pf_7counter_6release_and_retake; do
        function_text "$name" | grep -Eq "$release"
    done
    for name in __pyx_f_7counter_declared __pyx_pf_7counter_declared __pyx_f_7counter_count_down; do
        [ "$(function_text "$name" | wc -l)" -gt 5 ]
        run -1 grep -E "$release" <(function_text "$name")
    done
    [ "$(grep -cE "$release" build/counter.c)" -eq 2 ]
}

@test "a wrong argument raises the right exception, which names the argument" {
    passes '
wrong = [
    *((TypeError, what) for what in (1.0, "7", None, [], 1j)),
    *((ValueError, what) for what in (-1, -(2**64), -(10**5000))),
    *((OverflowError, what) for what in (10**12 + 1, 2**63, 2**64, 10**5000)),
]
for module in _primes, primes_cython:
    each = module.for_each
    for f, more in ((module.count, ()), (module.count_held, ()), (module.count_interruptible, ()),
                    (each, (print,))):
        for error, x in wrong:
            raises(error, f, x, 10, *more, naming="lo")
            raises(error, f, 0, x, *more, naming="hi")
        raises(ValueError, f, 8, 7, *more, naming="hi")
        for args in (), (1,), (1, 2, print, 4):
            raises(TypeError, f, *args, naming=f.__name__)
    raises(TypeError, each, 0, 1, None, naming="callback")
    for error, x in *wrong, (ValueError, 0), (OverflowError, 257):
        raises(error, module.meet, x, 0, naming="n")
    for error, x in ((ValueError, -0.5), (ValueError, float("nan")), (OverflowError, 61),
                     (OverflowError, float("inf"))):
        raises(error, module.meet, 1, x, naming="timeout")
    raises(TypeError, module.meet, 1, naming="meet")
for error, x in (TypeError, "1"), (TypeError, None), (OverflowError, 10**400):
    raises(error, _primes.meet, 1, x, naming="timeout")
for x in "abc", None, 5, array.array("d", [1]), memoryview(b"abc").cast("c"):
    raises(TypeError, _primes.sum_buffer, x, naming="obj")
assert counter.deleted(10**15) == 10**15  # at once
for f in counter.declared, counter.released, counter.deleted, counter.release_and_retake:
    assert f(-1) == f(0) == 0 and f(1000) == 1000
    for args in (), (1, 2), (1.0,), ("7",), (None,):
        raises(TypeError, f, *args)
    for n in 2**63, -(2**64):
        raises(OverflowError, f, n)'
}

@test "the checks catch a loop that loses a step once the GIL is released, and one that lets squares pass" {
    losing_a_step _primes count primes.py -n 20011
    found 'primes.py: wrong answer: released'
    losing_a_step counter released count.py -n 20011
    found 'count.py: wrong answer: released'
    losing_a_step counter released grain.py -r 1 -o "$BATS_TEST_TMPDIR/grain.svg"
    found 'grain.py: wrong answer: .* on 2 threads took [0-9]+ steps, expected [0-9]+'
    twin
    edit loops.h 's/d \* d <= n; d++/d * d < n; d++/'
    build_c
    run limited "$PY" primes.py -n 200000
    found 'primes.py: wrong answer: sequential held released interruptible'
}

ignoring_ctrl_c() { (trap '' INT && limited "$@"); } # as `make &` in a script starts it

@test "Ctrl-C stops count_interruptible, a buffer in use is not resized, an exception comes through" {
    for how in limited on_one_core ignoring_ctrl_c; do
        run -0 "$how" "$PY" -X dev -W error manners.py
        [ "$(grep -c 'KeyboardInterrupt [0-9]* ms later$' <<<"$output")" -eq 2 ]
        [ "$(grep -c 'KeyboardInterrupt [0-9]* ms later, at its end$' <<<"$output")" -eq 1 ]
        [ "$(grep -c 'BufferError: Existing exports of data' <<<"$output")" -eq 2 ]
        [ "$(grep -c ' C: LookupError(7), from a native thread' <<<"$output")" -eq 1 ]
        [ "$(grep -c ' Cython: LookupError(7), in the calling thread' <<<"$output")" -eq 1 ]
    done
}

@test "the checks catch a call that ignores Ctrl-C, and a buffer that is given back too early" {
    twin
    edit primesmodule.c 's/PyErr_CheckSignals() < 0/0/'
    build_c
    passes '
import manners, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
assert manners.interrupted(_primes.count_interruptible, 3_000_000).endswith("at its end")'

    edit primesmodule.c '/"obj", &view) < 0/{n;s/$/ PyBuffer_Release(\&view);/;}'
    edit manners.py 's/range(100)/range(3)/; s/10\*\*12/3_000_000/'
    build_c
    run limited "$PY" manners.py
    found 'manners.py: wrong: (resizing was allowed all the time|the sum is .*)'
}

# Call everything in the modules, right and wrong.
everything='
modules = [_primes, primes_cython]
data = array.array("B", range(256)) * 8
view = memoryview(data)[::2]
no_answer = {}.pop  # a function that raises KeyError

def once(module):
    for f in module.count, module.count_held, module.count_interruptible:
        assert f(0, 100) == 25 and f(999_983, 999_984) == 1
        raises(ValueError, f, 5, 1), raises(TypeError, f, 1.0, 2), raises(OverflowError, f, 0, 2**63)
    assert module.sum_buffer(data) == 8 * 32640 and module.sum_buffer(b"") == 0
    raises(TypeError, module.sum_buffer, None), raises(TypeError, module.sum_buffer, "abc")
    raises((TypeError, ValueError), module.sum_buffer, array.array("d", [1.0]))
    raises((BufferError, ValueError), module.sum_buffer, view)
    seen = []
    assert module.for_each(1000, 1100, lambda prime: [seen.append(prime)]) == len(seen) == 16
    raises(KeyError, module.for_each, 1000, 1100, no_answer)
    raises(TypeError, module.for_each, 0, 1, None), raises(ValueError, module.for_each, 2, 1, print)
    assert module.meet(1, 0) >= 1 and module.inside() >= 0
    raises(ValueError, module.meet, 0, 1), raises(ValueError, module.meet, 1, -1.0)
    if module is _primes:
        assert module.meet_held(1, 0) >= 1
        raises(OverflowError, module.meet_held, 1, 61)
    module.reset_inside()

def hammer(seconds, threads):
    end = time.monotonic() + seconds
    def work(_):
        while time.monotonic() < end:
            for module in modules:
                once(module)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
'

@test "eight threads call everything for three seconds, and every answer is right" {
    passes "$everything"'
hammer(3, 8)'
}

leaks=$everything'
import gc, signal, tracemalloc
tracemalloc.start()
signal.signal(signal.SIGALRM, signal.default_int_handler)

def interrupted(module):
    try:
        signal.setitimer(signal.ITIMER_REAL, 2e-5)
        module.count_interruptible(0, 10**12)
    except KeyboardInterrupt:
        pass

def state():
    gc.collect()
    return tracemalloc.get_traced_memory()[0], [sys.getrefcount(x) for x in (data, view, no_answer)]

def lost(work, calls=10_000):
    """Return whether memory got lost in so many calls, and whether references did."""
    for _ in range(200):
        work()
    before, references = state()
    for _ in range(calls):
        work()
    after, more = state()
    return after - before > 8 * calls, any(b - a > 100 for a, b in zip(references, more))
'

@test "10,000 calls of every function, and of its errors, lose no memory and no reference" {
    passes "$leaks"'
for module in modules:
    assert not any(lost(lambda: once(module)) + lost(lambda: interrupted(module))), module'
}

@test "the check catches a lost buffer, result, exception and thread state" {
    for spoilt in 'primesmodule.c s/PyBuffer_Release(&view);.*//' 'primesmodule.c s/Py_DECREF(result);//' \
        'primesmodule.c s/Raised\(.*\)(job->exception)/Raised\1(Py_NewRef(job->exception))/' \
        'native_thread.h s/PyThreadState_\(Release(native->state)\|DeleteCurrent()\)/PyEval_SaveThread()/'; do
        twin
        edit "${spoilt%% *}" "${spoilt#* }"
        build_c
        passes "$leaks"'
assert any(lost(lambda: once(_primes), 2000))'
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

# Build the C module that lies here with a sanitizer, and run Python code with its run time loaded
# first, as it must be. (LD_LIBRARY_PATH: what clang made asks for the library by its name alone.)
sanitized() { # sanitized thread|address CODE
    local flags=(-g -O1 "-fsanitize=$1") library
    [ "$1" = thread ] || flags+=(-fsanitize=undefined -fno-sanitize-recover=undefined)
    case $(compile --version) in *clang*) flags+=(-shared-libsan) ;; esac
    build_c "${flags[@]}"
    library=$(runtime "$1")
    run limited env LD_PRELOAD="$library" LD_LIBRARY_PATH="${library%/*}" PYTHONMALLOC=malloc \
        TSAN_OPTIONS=ignore_noninstrumented_modules=1:exitcode=66 \
        ASAN_OPTIONS=detect_leaks=0:exitcode=66 UBSAN_OPTIONS=exitcode=66 "$PY" -c "$prelude$2"
    echo "$output" | tail -n 30
}

twin_for_sanitizer() { # twin_for_sanitizer thread|address
    [ "$(uname)" = Linux ] || skip "the sanitizers are loaded into Python on Linux only"
    runtime "$1" >/dev/null || skip "this compiler has no $1 sanitizer"
    twin
    sanitized "$1" 'print("works")'
    [ "$output" = works ] || skip "the $1 sanitizer does not run with this Python: ${lines[0]}"
}

@test "ThreadSanitizer finds no race while four threads call everything, and catches a shared sum" {
    twin_for_sanitizer thread
    sanitized thread "$everything"'
hammer(2, 4)'
    [ "$status" -eq 0 ]
    edit loops.h 's/^    uint64_t sum = 0;/    static uint64_t sum; sum = 0;/'
    for _ in 1 2 3 4 5; do # on a busy machine the threads may come one after the other
        sanitized thread "$everything"'
hammer(2, 4)'
        [ "$status" -eq 0 ] || break
    done
    [ "$status" -ne 0 ]
    grep -q 'ThreadSanitizer: data race' <<<"$output"
}

@test "the other sanitizers find nothing, and catch a byte read behind the end and an overflow" {
    twin_for_sanitizer address
    sanitized address "$everything"'
hammer(2, 4)'
    [ "$status" -eq 0 ]
    edit loops.h 's/i < n; i++)/i <= n + 1; i++)/' # the object ends with a 0 byte
    edit loops.h 's/uint64_t d = 2; d \* d <= n/int d = 2; (uint64_t)(d * d) <= n/'
    sanitized address '
_primes.sum_buffer(b"x" * 4096)'
    [ "$status" -ne 0 ]
    grep -q 'AddressSanitizer: heap-buffer-overflow' <<<"$output"
    sanitized address '
_primes.count(10**12 - 11, 10**12 - 10)'
    [ "$status" -ne 0 ]
    grep -q 'signed integer overflow' <<<"$output"
}

@test "fifty interpreters import the module, use it and end, five at once if each has a GIL" {
    "$PY" -c 'import _interpreters' 2>/dev/null || "$PY" -c 'import _xxsubinterpreters' 2>/dev/null ||
        skip "this Python has no subinterpreters"
    # CPython 3.12 itself crashes in development mode with several such interpreters, without us too.
    [[ $("$PY" -V) != *" 3.12."* ]] || no_dev=-B
    passes '
interpreters = __import__("_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters")

def use(_):
    for _ in range(10):
        one = interpreters.create()
        failed = interpreters.run_string(one, """if True:
            import sys
            sys.path.insert(0, "build")
            import _primes
            assert _primes.inside() == 0
            seen = []
            assert _primes.count(0, 1000) == _primes.for_each(0, 1000, seen.append) == len(seen) == 168
            assert _primes.sum_buffer(b"abc") == 294 and _primes.inside() == 1
            try:
                _primes.for_each(0, 1000, {}.pop)  # raises KeyError
                raise AssertionError("no exception")
            except KeyError:
                pass""")
        interpreters.destroy(one)
        assert failed is None, failed

with ThreadPoolExecutor(5 if sys.version_info >= (3, 12) else 1) as pool:
    list(pool.map(use, range(5)))'
}

@test "interpreters.py shows a GIL for each interpreter, or says in one line what it needs" {
    run -0 limited "$PY" interpreters.py -n 20000 -t 3
    if "$PY" -c 'import concurrent.interpreters' 2>/dev/null; then
        [ "$(answers)" = "3 2262" ]
        [[ ${lines[-1]} == 'while another interpreter held its GIL for '*' calls' ]] || false
    else
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == 'interpreters.py: this needs CPython 3.14,'* ]] || false
    fi
}

@test "interpreters.py notices when two interpreters share a GIL" {
    "$PY" -c 'import concurrent.interpreters' 2>/dev/null || skip "needs CPython 3.14"
    gil_is_on || skip "this interpreter has no GIL"
    passes '
import _interpreters, interpreters
from concurrent import interpreters as public
public.create = lambda: public.Interpreter(_interpreters.create("legacy"), _ownsref=True)
other = interpreters.create()
assert interpreters.calls_beside(other, 0.3) == 0
other.close()'
}
