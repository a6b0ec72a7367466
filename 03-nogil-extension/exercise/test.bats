# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# The exercise: what passes, what does not, and what the check says about it.
load ../../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return 1
    work=$BATS_TEST_TMPDIR/work.c
}

# not_yet CLAIM HINT: of $output this claim alone does not hold, and the line below it says why.
# (While the GIL is held, two are refused: of the second is said that it cannot be tried yet.)
not_yet() {
    [ "$(grep -A 1 'not yet' <<<"$output" | grep '^   ' | grep -vc 'nobody else can try')" -eq 1 ] ||
        return 1
    grep -A 1 "not yet  .*$1" <<<"$output" | grep -q "$2" && [ "$status" -eq 1 ]
}

# refused CLAIM HINT SED-EXPRESSION: the solution with this change is.
refused() {
    cp exercise/solution.c "$work" && edit "$work" "$3" || return 1
    run limited "$PY" exercise/check.py "$work"
    not_yet "$1" "$2"
}

@test "exercise: the starter is right but for the GIL and the buffers" {
    run limited "$PY" exercise/check.py exercise/starter.c
    if gil_is_on; then
        not_yet 'two threads meet' 'the loop holds the GIL'
        grep -A 1 'not yet  nobody can resize' <<<"$output" | grep -q 'as long as the GIL is held'
    else
        not_yet 'nobody can resize' 'a could be resized'
    fi
}

@test "exercise: the solution passes, on one core and in a path with spaces too" {
    cp exercise/solution.c "$BATS_TEST_TMPDIR/my dot.c"
    run on_one_core "$PY" exercise/check.py "$BATS_TEST_TMPDIR/my dot.c"
    [[ $status -eq 0 && $output == *"All right"* ]] || false
    [ "$(grep -cE '^  (right|skipped)  ' <<<"$output")" -eq 8 ]
}

@test "exercise: the commands at the heads of both files work as typed" {
    ln -s "$PWD/exercise" "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR" && mkdir build
    for name in starter solution; do
        [ "$(limited bash -ec "$(sed -n '/^ \*\//q; s/^ \*     //p' "exercise/$name.c")")" = 25.0 ]
    done
}

# called_without FUNCTION SED-EXPRESSION: the check names the line where that is done.
called_without() { refused 'only with the GIL' "line [0-9]*: $1() is called without the GIL" "$2"; }

@test "exercise: to call Python without the GIL is refused, and the line is named" {
    called_without PyObject_GetBuffer 's/^    Py_buffer x, y;/& PyEval_SaveThread();/'
    called_without PyBuffer_Release 's/^        Py_END_ALLOW_THREADS/PyBuffer_Release(\&x); &/'
    called_without PyFloat_FromDouble \
        '/^        Py_END_ALLOW_THREADS/d; s/^        answer = .*/& Py_END_ALLOW_THREADS/'
    # Two ways out that do not take it back: one raises, one only returns.
    out='^        PyErr_Format(PyExc_ValueError'
    called_without PyErr_Format "s/$out/PyEval_SaveThread(); &/"
    refused 'only with the GIL' 'it crashed: Fatal Python error: .*every way out' \
        "s/$out/PyEval_SaveThread(); return NULL; &/"
}

@test "exercise: a GIL that is released, but not for the loop, or not once for it, is refused" {
    gil_is_on || skip "this interpreter has no GIL"
    refused 'two threads meet' 'the loop holds the GIL; put it between' \
        's/^        \(sum = .*\)/sum = 0; Py_END_ALLOW_THREADS \1 Py_BEGIN_ALLOW_THREADS/'
    # The GIL is released, and a lock taken instead.
    CFLAGS='-O2 -DPATIENCE=0.2' refused 'two threads meet' 'what else is locked?' \
        's/^        sum = .*/static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;\
pthread_mutex_lock(\&lock); & pthread_mutex_unlock(\&lock);/'
    # It is released for every number.
    refused 'two threads meet' 'the GIL is released 100,000 times for 100,000 doubles' \
        '/^        Py_[BE].*_ALLOW_THREADS/d
        s/^        sum += \(.*\)/{ Py_BEGIN_ALLOW_THREADS sum += \1 Py_END_ALLOW_THREADS }/'
}

@test "exercise: a buffer that is not held until the end of the loop is refused" {
    refused 'nobody can resize' 'a could be resized during the call' \
        's/^        double sum;/PyBuffer_Release(\&x); &/' # before the loop
    refused 'nobody can resize' 'b could be resized during the call' \
        's/^        double sum;/PyBuffer_Release(\&y); &/'
}

@test "exercise: what a call took and did not give back is found" {
    claim='leaves nothing behind' blocks='10,000 calls of dot(a, b) leave [0-9,]* blocks'
    refused "$claim" 'after dot(a, b), b can never be resized' '/^    PyBuffer_Release(&y);/d'
    refused "$claim" 'after dot(a, .*), a can never be resized' '/^        PyBuffer_Release(&x);/d'
    refused "$claim" 'after dot(.*), ints can never be resized' '/^        PyBuffer_Release(view);/d'
    refused "$claim" "$blocks" 's/^    return answer;/    Py_XINCREF(answer); &/'
    refused "$claim" "$blocks" 's/^        double sum;/& if (!malloc(8)) return NULL;/'
}

@test "exercise: wrong answers, missing errors and stray reads are found" {
    claim='the answer is right'
    refused "$claim" 'is not the sum of a\[i\] \* b\[i\]' 's/y\[i\])/x[i])/'
    refused "$claim" 'nan is not the sum of' 's/^    return sum;/    return sum * 0 \/ 0.0;/'
    refused "$claim" 'PRODUCT was used 0 times' 's/PRODUCT(x\[i\], y\[i\])/x[i] * y[i]/'
    claim='wrong arguments raise'
    refused "$claim" 'dot(shorter, b): expected ValueError' 's/x.shape\[0\] != y/x.shape[0] > y/'
    refused "$claim" 'dot(.*ints.*): expected TypeError' 's/ && strcmp(view->format, "d") == 0//'
    refused "$claim" 'dot(a, unaligned): expected TypeError' 's/(uintptr_t)view->buf % .* == 0/1/'
    refused "$claim" "its message begins with 'b: ' in the starter" 's/"b: expected %zd/"expected %zd/'
    refused 'stays inside the arrays' 'line [0-9]*: heap-buffer-overflow' \
        's/^    return sum;/    return sum + 0 * *(const volatile uint64_t *)\&x[n];/' ||
        [[ $output == *'skipped '*AddressSanitizer* ]]
}

@test "exercise: what does not compile, or crashes, is said to in one line" {
    refused 'work.c compiles' 'work.c:[0-9]*:.*error' 's/^    return sum;/    retrun sum;/'
    refused 'only with the GIL' 'the process was ended before' 's/^    double sum = 0;/    exit(0); &/'
    refused 'only with the GIL' 'it crashed: Fatal Python error: Segmentation fault' \
        's/^    double sum = 0;/    *(volatile int *)0 = 0; &/'
}
