# shellcheck shell=bash disable=SC2030,SC2031,SC2154 # Bats sets output
# The exercise: what passes, what does not, and what the check says of it.
load ../../tools/helper

setup() { cd "$BATS_TEST_DIRNAME/.." || return; }

@test "exercise: the commands at the heads of the files work as typed, and the solution passes" {
    mkdir -p "$BATS_TEST_TMPDIR/a copy/build" && cp -R exercise "$BATS_TEST_TMPDIR/a copy"
    run -0 on_one_core "$PY" exercise/check.py "$BATS_TEST_TMPDIR/a copy/exercise/solution.c"
    [ "$(grep -cE '^  (right|skipped)  ' <<<"$output")" -eq 7 ]
    cd "$BATS_TEST_TMPDIR/a copy"
    for name in starter solution; do
        [ "$(limited bash -ec "$(sed -n '/^#/q; s/^ \*     //p' "exercise/$name.c")")" = 25.0 ]
    done
}

# refused WORK FLAGS CLAIM HINT: this claim does not hold, and the line after it says why.
refused() {
    CFLAGS="-O1 $2" run -1 limited "$PY" exercise/check.py "exercise/$1"
    grep -A 1 "not yet  .*$3" <<<"$output" | grep "$4"
}

@test "exercise: the starter and all wrong ways are refused, each for its reason" {
    refused starter.c '' 'two threads' 'the loop holds the GIL; put it between'
    while IFS='|' read -r claim hint flags; do
        refused wrong.c "$flags" "$claim" "$hint"
    done <<'WAYS'
compiles|wrong.c:[0-9]*:.*error|-Din_place_of_the_loop=
the answer|PyObject_GetBuffer() is called|'-DLOOP=PyObject_GetBuffer(a->obj, b, 0)'
the answer|PyBuffer_Release() is called|-DLOOP=PyBuffer_Release(b)
the answer|PyFloat_FromDouble() is called|-DLOOP=PyFloat_FromDouble(1)
the answer|PyErr_SetString() is called|'-DLOOP=PyErr_SetString(PyExc_ValueError, "")'
the answer|it crashed: Fatal.*a way out of dot() without the GIL|-DHELD=PyEval_SaveThread()
the answer|Segmentation fault|'-DLOOP=sum = *(volatile int *)0'
the answer|the process was ended before|-DLOOP=exit(0)
the answer|does it use PRODUCT|-DLOOP=
the answer|does it end in time|'-DLOOP=n++; sum = sum_products(x, y, n)'
the answer|is not the sum of|'-DLOOP=sum = sum_products(x, x, n)'
the answer|nan is not the sum of|'-DLOOP=sum = sum_products(x, y, n) * Py_NAN'
inside the arrays|line [0-9]*: heap-buffer-overflow|'-DLOOP=sum = sum_products(x, y, n) + 0 * *(volatile const char *)(x + n)'
wrong arguments|expected TypeError|-DCOMPARED=0
nothing behind|of dot(a, b) leave [0-9]* references to a|'-DHELD=PyObject_GetBuffer(a->obj, &(Py_buffer){0}, 0)'
nothing behind|of dot(ints, b) leave [0-9]* references to ints|'-DCOMPARED=strcmp(view->format, "d") && (Py_INCREF(view->obj), 1)'
nothing behind|leave [0-9]* blocks|-DHELD=PyFloat_FromDouble(1.5)
nothing behind|leave [0-9]* blocks|'-DHELD=sum = malloc(8) != NULL'
two threads|the loop holds the GIL|'-DHELD=sum = sum_products(x, y, n)' -DLOOP=
two threads|what else is locked|-DPATIENCE=0.2 '-DLOOP=flockfile(stdin); sum = sum_products(x, y, n); funlockfile(stdin)'
two threads|is released [0-9]* times|'-DHELD=for (int i = 0; i < n; i++) { Py_BEGIN_ALLOW_THREADS sum += PRODUCT(x[i], y[i]); Py_END_ALLOW_THREADS }' -DLOOP=
resize|a could be resized|-DHELD=PyBuffer_Release(a)
resize|b could be resized|-DHELD=PyBuffer_Release(b)
WAYS
}
