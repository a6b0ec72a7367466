# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# What is drawn of measurements: sizes, roofline, scaling; and the libraries that are compared.
load ../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME" || exit 1
    needs_openmp
    export OMP_WAIT_POLICY=passive # more threads than cores: an idle one must not spin
}

is_svg() { "$PY" -c 'import sys, xml.etree.ElementTree as e; e.parse(sys.argv[1])' "$1"; }

@test "sizes.py shows a row for each size, draws them, and finds where threads start to pay" {
    twin sizes.py 's/^SECONDS = .*/SECONDS = 0.0001/'
    cd "$twin"
    run -0 limited "$PY" sizes.py -n 123456 -t 3
    [ "$(grep -Ec '^ *(1,000|3,000|10,000|30,000|100,000) ' <<<"$output")" -eq 5 ]
    [[ ${lines[-1]} == '3 threads pay '* ]] || false
    is_svg build/sizes.svg
    "$PY" - <<'PY'
import sizes
def speeds(*pairs):
    return {n: {"one": a, "many": b} for n, (a, b) in enumerate(pairs)}
assert sizes.break_even(speeds((5, 1), (5, 9), (5, 1), (5, 6), (5, 6)), "one", "many") == 3
assert sizes.break_even(speeds((5, 1), (5, 4)), "one", "many") is None
PY
}

@test "add_repeatedly starts threads only for as many elements as it was told" {
    "$PY" - <<'PY'
import sys
sys.path.insert(0, "build")
import numpy as np
import parallel_add
for n in 0, 1, 10, 1001:
    for enough in 0, 10, 10**9:
        a, b, out = np.arange(n, dtype=float), np.ones(n), np.full(n, np.nan)
        parallel_add.add_repeatedly(a, b, out, 3, enough, 2)
        assert (out == a + 1).all()
PY
    # What use_threads_if becomes is C's if clause.
    grep -q '#pragma omp parallel if(' build/parallel_add.c
}

@test "roofline.py draws what is stored, and says in one line what to do if nothing is" {
    twin roofline.py 's/^    read_options(__doc__)/&  # in a copy with measurements of its own/'
    cd "$twin"
    rm -f build/*.json
    run -2 complaint "$PY" roofline.py
    [ "$output" = 'roofline.py: nothing is measured yet; in the folder above, type: make chapter-4 more-4' ]
    for table in "limits limits 'build/limits -t 1 add fma'" \
        "add add.c 'build/add -n 1000'" "mandelbrot mandelbrot.c 'build/mandelbrot -n 64'"; do
        # shellcheck disable=SC2086 # three words
        eval printf "'[%s]\nprograms.\"%s\" = \"%s\"\ncolumns = \"seconds\"\n'" $table
    done >tables.toml
    BUDGET=0 limited "$PY" ../tools/measure.py limits add mandelbrot >/dev/null
    run -0 limited "$PY" roofline.py
    [ "$(grep -Ec '^(add (serial +1|openmp +2)|mandelbrot (serial|simd) +1|mandelbrot dynamic +2) ' <<<"$output")" -eq 5 ]
    is_svg build/roofline.svg
}

@test "a library that is not installed is left out by name" {
    mkdir "$BATS_TEST_TMPDIR/missing"
    for name in numba numexpr; do
        echo "raise ModuleNotFoundError('no $name', name='$name')" >"$BATS_TEST_TMPDIR/missing/$name.py"
    done
    export PYTHONPATH=$BATS_TEST_TMPDIR/missing
    run -0 limited "$PY" add_peers.py -n 1000
    [ "$(column answer numpy)" = 1498500 ]
    [ "${lines[-1]}" = 'left out: numexpr, numba (make peers adds what it can)' ]
    run -0 limited "$PY" mandelbrot_peers.py -n 20
    [ "${lines[-1]}" = 'left out: numba (make peers adds what it can)' ]
}

@test "numexpr and Numba give the same answers, where they are installed" {
    "$PY" -c 'import numba, numexpr' 2>/dev/null || skip 'numba or numexpr is not installed (make peers)'
    counts 1498500 'numpy numexpr numba-prange' "$PY" add_peers.py -n 1000
    counts 166398 'numpy numba numba-prange' "$PY" mandelbrot_peers.py -n 32 -t 3
}
