# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# The exercise: what passes, what does not, and what the check says about it.
load ../../tools/helper

setup() {
    chapter=${BATS_TEST_DIRNAME%/*}
    cd "$chapter" || return 1
}

teardown() {
    wait
}

# checked FILE: what `make exercise` says about it.
checked() { PYTHONPATH=../tools limited "$PY" exercise/check.py "$1"; }

# twin NAME SED-EXPRESSION: change the solution, and have it checked meanwhile.
twin() {
    local work=$BATS_TEST_TMPDIR/$1.c
    sed "$2" exercise/solution.c >"$work"
    ! cmp -s exercise/solution.c "$work" || return 1
    checked "$work" >"$BATS_TEST_TMPDIR/$1.said" 2>&1 3>&- &
}

# refused NAME CLAIM HINT: of this twin the claim alone does not hold, and the next line says why.
# (While the GIL is held, two are refused: of the second is said that it cannot be tried yet.)
refused() {
    local said=$BATS_TEST_TMPDIR/$1.said
    wait
    cat "$said"
    [ "$(grep -A 1 'not yet' "$said" | grep '^   ' | grep -vc 'nobody else can try')" -eq 1 ] ||
        return 1
    grep -A 1 "not yet  .*$2" "$said" | grep -q "$3" && grep -q '^Not finished yet' "$said"
}

@test "exercise: the starter is right but for the GIL and the buffers" {
    run checked exercise/starter.c
    echo "$output"
    [ "$status" -eq 1 ]
    if gil_is_on; then
        grep -A 1 'not yet  two threads meet' <<<"$output" | grep -q 'the loop holds the GIL'
        grep -A 1 'not yet  nobody can resize' <<<"$output" | grep -q 'as long as the GIL is held'
        [ "$(grep -c 'not yet' <<<"$output")" -eq 2 ]
    else
        grep -A 1 'not yet  nobody can resize' <<<"$output" | grep -q 'a was resized'
        [ "$(grep -c 'not yet' <<<"$output")" -eq 1 ]
    fi
}

@test "exercise: the solution passes, on one core and in a path with spaces too" {
    mkdir "$BATS_TEST_TMPDIR/my work"
    cp exercise/solution.c "$BATS_TEST_TMPDIR/my work/my dot.c"
    PYTHONPATH=../tools run on_one_core "$PY" exercise/check.py "$BATS_TEST_TMPDIR/my work/my dot.c"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output != *"not yet"* ]] || false
    [[ $output == *"All right"* ]] || false
    [ "$(grep -cE '^  (right|skipped)  ' <<<"$output")" -eq 8 ]
    [ "$(grep -cE '1 thread: [0-9.]+ s, 2 threads: [0-9.]+ s$' <<<"$output")" -eq 2 ]
}

@test "exercise: the commands at the heads of both files work as typed" {
    mkdir -p "$BATS_TEST_TMPDIR/chapter/exercise"
    ln -s "$PWD/../.venv" "$BATS_TEST_TMPDIR/.venv"
    cp exercise/*.c "$BATS_TEST_TMPDIR/chapter/exercise"
    cd "$BATS_TEST_TMPDIR/chapter/exercise"
    for name in starter solution; do
        commands=$(sed -n '/^ \*\//q; s/^ \*     \(.*\)/\1/p' "$name.c")
        if [ "$(uname)" = Darwin ]; then
            commands=${commands/ -fPIC / -fPIC -undefined dynamic_lookup }
        fi
        run limited bash -ec "$commands"
        echo "$output"
        [ "$status" -eq 0 ]
        [ "$output" = 25.0 ]
        rm dot.so
    done
}

@test "exercise: to call Python without the GIL is refused, and the line is named" {
    # Released before the buffers are taken.
    twin early 's/^    Py_buffer x, y;/& Py_BEGIN_ALLOW_THREADS/
        s/^    PyBuffer_Release(&x);/    Py_END_ALLOW_THREADS &/
        /^        Py_[BE].*_ALLOW_THREADS/d'
    # The answer is made before the GIL is back.
    twin float '/^        Py_END_ALLOW_THREADS/d; s/^        answer = .*/& Py_END_ALLOW_THREADS/'
    # The buffers are released before the GIL is back.
    twin buffers 's/^        Py_BEGIN_ALLOW_THREADS/PyThreadState *thread = PyEval_SaveThread();/
        s/^        Py_END_ALLOW_THREADS/PyBuffer_Release(\&x);PyEval_RestoreThread(thread);/'
    # Two ways out that do not take it back: one raises, one only returns.
    take='s/^        Py_BEGIN_ALLOW_THREADS//; s/^        Py_END_ALLOW_THREADS/PyEval_RestoreThread(thread);/
        s/^    if (x.shape.*/PyThreadState *thread = PyEval_SaveThread(); &/'
    twin raises "$take"
    twin returns 's/^    if (x.shape\(.*\) {/PyThreadState *thread = PyEval_SaveThread(); if (x.shape\1 \
return NULL; PyEval_RestoreThread(thread); &/'
    where='line [0-9]*:'
    refused early 'only with the GIL' "$where PyObject_GetBuffer() is called without the GIL"
    refused float 'only with the GIL' "$where PyFloat_FromDouble() is called without the GIL"
    refused buffers 'only with the GIL' "$where PyBuffer_Release() is called without the GIL"
    refused raises 'only with the GIL' "$where PyErr_Format() is called without the GIL"
    refused returns 'only with the GIL' 'it crashed: Fatal Python error: .*every way out'
}

@test "exercise: a GIL that is released, but not for the loop, or not once for it, is refused" {
    gil_is_on || skip "this interpreter has no GIL"
    twin elsewhere 's/^        sum = \(.*\)/        sum = 0;/
        s/^        Py_END_ALLOW_THREADS/& sum = sum_products(x.buf, y.buf, x.shape[0]);/'
    # The GIL is released, and a lock taken instead.
    CHECK_PATIENCE=0.2 twin locked '/^        sum = /s/.*/pthread_mutex_lock(\&lock); & pthread_mutex_unlock(\&lock);/
        s/^static double/#include <pthread.h>\
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;\
&/'
    # It is released for every number.
    twin each '/^        Py_[BE].*_ALLOW_THREADS/d
        s/^        sum += \(.*\)/{ Py_BEGIN_ALLOW_THREADS sum += \1 Py_END_ALLOW_THREADS }/'
    refused elsewhere 'two threads meet' 'the loop holds the GIL; put it between'
    refused locked 'two threads meet' 'what else is locked?'
    refused each 'two threads meet' 'the GIL is released 100,000 times for 100,000 doubles'
}

@test "exercise: a buffer that is not held until the end of the loop is refused" {
    for one in x y; do # before the loop
        twin "before_$one" "s/^        double sum;/const double *p = x.buf, *q = y.buf; Py_ssize_t n = x.shape[0];\
PyBuffer_Release(\&$one); &/; s/sum_products(x.*/sum_products(p, q, n);/"
    done
    # A copy is safe, and needs the memory and the time that the loop itself needs.
    twin copies 's/^        double sum;/& double *copy = malloc((size_t)x.len); if (!copy) return NULL;\
memcpy(copy, x.buf, (size_t)x.len); Py_ssize_t n = x.shape[0]; PyBuffer_Release(\&x);/
        s/sum_products(x.*/sum_products(copy, y.buf, n); free(copy);/'
    refused before_x 'nobody can resize' 'a was resized during the call'
    refused before_y 'nobody can resize' 'b was resized during the call'
    refused copies 'nobody can resize' 'a was resized during the call'
}

@test "exercise: what a call took and did not give back is found" {
    twin end '/^    PyBuffer_Release(&y);/d'
    twin wrong_b '/^        PyBuffer_Release(&x);/d'
    twin wrong_format '/^        PyBuffer_Release(view);/d'
    twin reference 's/^    return answer;/    Py_INCREF(answer); &/; s/Py_INCREF/Py_XINCREF/'
    twin memory 's/^        double sum;/& if (!malloc(8)) return NULL;/'
    refused end 'leaves nothing behind' 'after dot(a, b), b can never be resized again'
    refused wrong_b 'leaves nothing behind' "after dot(a, .*), a can never be resized again"
    refused wrong_format 'leaves nothing behind' 'after dot(.*), ints can never be resized again'
    refused reference 'leaves nothing behind' '10,000 calls of dot(a, b) leave [0-9,]* blocks'
    refused memory 'leaves nothing behind' '10,000 calls of dot(a, b) leave [0-9,]* blocks'
}

@test "exercise: wrong answers, missing errors and stray reads are found" {
    twin ignores_b 's/y\[i\])/x[i])/'
    twin nan 's/^    return sum;/    return sum * 0 \/ 0.0;/'
    twin blind 's/PRODUCT(x\[i\], y\[i\])/x[i] * y[i]/'
    twin any_length 's/x.shape\[0\] != y.shape\[0\]/x.shape[0] > y.shape[0]/'
    twin any_type 's/ && strcmp(view->format, "d") == 0//'
    twin any_address 's/(uintptr_t)view->buf % _Alignof(double) == 0/1/'
    twin nameless 's/"b: expected %zd/"expected %zd/'
    twin stray 's/^    return sum;/    return sum + 0 * *(const volatile uint64_t *)\&x[n];/'
    refused ignores_b 'the answer is right' 'is not the sum of a\[i\] \* b\[i\]'
    refused nan 'the answer is right' 'nan is not the sum of a\[i\] \* b\[i\]'
    refused blind 'the answer is right' 'PRODUCT was used 0 times'
    refused any_length 'wrong arguments raise' 'dot(shorter, b): expected ValueError, not the answer'
    refused any_type 'wrong arguments raise' 'dot(.*ints.*): expected TypeError, not the answer'
    refused any_address 'wrong arguments raise' 'dot(a, unaligned): expected TypeError, not the answer'
    refused nameless 'wrong arguments raise' "its message begins with 'b: ' in the starter"
    if grep -q 'skipped .*AddressSanitizer' "$BATS_TEST_TMPDIR/stray.said"; then
        skip "AddressSanitizer does not work here"
    fi
    refused stray 'stays inside the arrays' 'line [0-9]*: heap-buffer-overflow'
}

@test "exercise: what does not compile, crashes, hangs or is not there is said to, in one line" {
    twin typo 's/^    return sum;/    retrun sum;/'
    twin crash 's/^    double sum = 0;/    *(volatile int *)0 = 0; &/'
    twin unnamed 's/PyInit_dot/PyInit_dots/'
    CHECK_LIMIT=3 twin hangs 's/^        Py_END_ALLOW_THREADS/PyEval_RestoreThread(_save); &/'
    refused typo 'typo.c compiles' 'typo.c:[0-9]*:.*error'
    refused crash 'only with the GIL' 'it crashed: Fatal Python error: Segmentation fault'
    refused unnamed 'only with the GIL' 'PyInit_dot'
    refused hangs 'only with the GIL' 'still running after 3 s\|it crashed'
    run checked "$BATS_TEST_TMPDIR/none.c"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
}

@test "exercise: Ctrl-C ends it and what it started" {
    mkdir "$BATS_TEST_TMPDIR/tmp"
    sed 's/^    double sum = 0;/    for (;;) (void)*(volatile const double *)x; &/' exercise/solution.c \
        >"$BATS_TEST_TMPDIR/endless.c"
    TMPDIR=$BATS_TEST_TMPDIR/tmp PYTHONPATH=../tools run limited "$PY" -c '
import pathlib, signal, subprocess, sys, time
process = subprocess.Popen([sys.executable, "exercise/check.py", sys.argv[1]], stderr=subprocess.DEVNULL)
built = lambda: list(pathlib.Path(sys.argv[2]).glob("*/dot.so"))
while not built(): time.sleep(0.01)
time.sleep(0.5)
process.send_signal(signal.SIGINT)
process.wait()
sys.exit(bool(built()))' "$BATS_TEST_TMPDIR/endless.c" "$BATS_TEST_TMPDIR/tmp"
    [ "$status" -eq 0 ]
    [ -z "$(pgrep -f "$BATS_TEST_TMPDIR/tmp")" ]
}
