# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# The exercise: what passes, what does not, and what the check says about it.
load ../../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return 1
    needs_openmp
    OPENMP_CFLAGS=$(probed OPENMP_CFLAGS) OPENMP_LIBS=$(probed OPENMP_LIBS)
    export CFLAGS=-O1 OPENMP_CFLAGS OPENMP_LIBS
}

# check FILE SED-EXPRESSION ...: what the check says about $work, a copy of FILE so edited.
check() {
    work=$BATS_TEST_TMPDIR/work.${1##*.}
    cp "exercise/$1" "$work" && { [ $# -eq 1 ] || edit "$work" "${@:2}"; } || return 1
    run limited "$PY" exercise/check.py "$work"
}

# not_yet CLAIM HINT: the check has refused this claim, and the line below it says why.
not_yet() { grep -A 1 "not yet  .*$1" <<<"$output" | grep -q "$2" && [ "$status" -eq 1 ]; }

# refused CLAIM HINT FILE SED-EXPRESSION ...: this claim, and no other one.
refused() {
    check "${@:3}" && not_yet "$1" "$2" && [ "$(grep -c 'not yet' <<<"$output")" -eq 1 ]
}

# passes FILE SED-EXPRESSION ...
passes() { check "$@" && [[ $status -eq 0 && $output != *'not yet'* && $output == *'All right'* ]]; }

# What several threads get wrong, and how the solution's loop begins.
SEVERAL='right on several threads' TOGETHER='at work at the same time' ALONE='right on one thread' ROWS='along the rows'
FOR='parallel for num_threads(threads)'
# The solution with one array for all threads, and the starter with one for each.
SHARED=('/^        int sums/d' 's/^#pragma omp parallel for/    int sums[MOST];\n&/')
OWN=('/^    int sums/d' 's/^        const ptrdiff_t left/        int sums[MOST];\n&/')
# Who waits in vain need not wait for long.
hasty() { CFLAGS='-O1 -DPATIENCE=0.1' "$@"; }

@test "exercise: the starters are right but for the race and the order of the loops" {
    cp exercise/starter.{c,pyx} "$BATS_TEST_TMPDIR"
    for starter in "$BATS_TEST_TMPDIR"/starter.{c,pyx}; do
        run on_one_core "$PY" exercise/check.py "$starter"
        not_yet "$SEVERAL" '3 threads, .* of 368,707 wrong; which array or variable do two threads write to?'
        not_yet "$ROWS" '368,704 of 368,707 steps go to another row'
        [ "$(grep -c 'not yet' <<<"$output")" -eq 2 ]
        [ "$(grep -c '^  right  ' <<<"$output")" -eq 3 ]
    done
}

@test "exercise: the solutions pass, on one core and in a path with spaces too" {
    for suffix in c pyx; do
        cp "exercise/solution.$suffix" "$BATS_TEST_TMPDIR/my blur.$suffix"
        run on_one_core "$PY" exercise/check.py "$BATS_TEST_TMPDIR/my blur.$suffix"
        [[ $status -eq 0 && $output != *'not yet'* && $output == *'All right'* ]] || false
        [ "$(grep -cE '^  (right|skipped)  ' <<<"$output")" -ge 5 ]
    done
}

@test "exercise: other right ways pass: schedules, tiles, tasks, no array at all" {
    passes solution.c "s/$FOR/& schedule(dynamic)/"
    passes solution.c "s/$FOR/parallel num_threads(threads)\n#pragma omp single\n#pragma omp taskloop grainsize(8)/"
    # Each pixel from its nine neighbours, the image as one loop, or in tiles of 32 x 32.
    nine=('/int sums/d' '/^        for (ptrdiff_t c/d' '/^            sums/d'
        's/sums\[\([a-z]*\)\]/image[up][\1] + image[r][\1] + image[down][\1]/g'
        's/^        const ptrdiff_t up/        for (ptrdiff_t c = 0; c < columns; c++) {\n&/')
    passes solution.c "${nine[@]}" "s/$FOR/& collapse(2)/"
    passes solution.c "${nine[@]}" "s/$FOR/& collapse(2)/" \
        's/^    for (ptrdiff_t r = 0.*/    for (ptrdiff_t y = 0; y < rows; y += 32) {/' \
        's/^        for (ptrdiff_t c = 0.*/        for (ptrdiff_t x = 0; x < columns; x += 32)\
for (ptrdiff_t r = y; r < rows \&\& r < y + 32; r++)\
for (ptrdiff_t c = x; c < columns \&\& c < x + 32; c++) {/'
}

@test "exercise: half of the repair is refused for the other half" {
    refused "$SEVERAL" 'which array or variable do two threads write to?' solution.c "${SHARED[@]}"
    refused "$ROWS" 'which loop should be inside?' starter.c "${OWN[@]}"
}

@test "exercise: one thread that does it all, and threads that take turns, are refused" {
    hasty refused "$TOGETHER" '1 of 3 threads set pixels; is the loop shared' solution.c '/^#pragma/d'
    hasty refused "$TOGETHER" 'only 3 of 4 threads have half of a fair' solution.c \
        "s/$FOR/& schedule(static, 390)/"
    lock='waited in vain for the others; is there a lock'
    hasty refused "$TOGETHER" "$lock" solution.c 's/^            set_pixel/#pragma omp critical\n&/'
    hasty refused "$TOGETHER" "$lock" solution.c "${SHARED[@]}" \
        's/^        const.* up.*/&\n#pragma omp critical\n{/' 's/^            set_pixel.*/&\n        }/'
    for wrong in 's/num_threads(threads)/num_threads(4)/' 's/ num_threads(threads)//'; do
        hasty refused "$TOGETHER" 'of 3 threads set pixels; .* as many as .threads. says' solution.c "$wrong"
    done
    refused "$SEVERAL" 'one is set [34] times; does each thread go through all rows?$' solution.c \
        "s/$FOR/parallel num_threads(threads)/"
}

@test "exercise: in Cython too, one thread that does it all and a lock around pixels are refused" {
    hasty refused "$TOGETHER" '1 of 3 threads set pixels' solution.pyx \
        's/^    for r in prange.*/    for r in range(rows):/'
    if gil_is_on; then
        hasty refused "$TOGETHER" 'waited in vain for the others; is there a lock' solution.pyx \
            's/^        set_pixel/        with gil:\n    &/'
    fi
}

@test "exercise: wrong pixels, and pixels that go past set_pixel(), are refused" {
    refused "$ALONE" '1 thread, [0-9]* x [0-9]* pixels: [0-9]* of [0-9]* wrong' solution.c 's/ r - 1 : r/ r - 1 : rows - 1/'
    refused "$ALONE" 'set_pixel() is never called for 1 of them' solution.c \
        's/set_pixel(\(.*\), \(sums.*\))/*(\1) = (uint8_t)((\2 + 4) \/ 9)/'
    refused "$ALONE" '1 x 9 pixels: set_pixel() is never called for 1 of them' solution.c 's/c = 0; c < columns/c = columns > 1; c < columns/'
    refused "$ALONE" 'a place outside the blurred image' solution.c 's/&blurred\[r\]/\&image[r]/' \
        's/const uint8_t image/uint8_t image/'
}

@test "exercise: ThreadSanitizer finds the race of what is no pixel, in C" {
    for _ in 1 2 3; do # on a busy machine the threads may come one after the other
        check solution.c 's/^            set_pixel/            static int set; set++;\n&/'
        if grep -q 'skipped .*ThreadSanitizer' <<<"$output"; then skip 'no clang with libomp here'; fi
        [ "$status" -eq 0 ] || break
    done
    not_yet 'ThreadSanitizer' 'line 2[0-9]: data race: which other thread'
}

@test "exercise: what does not compile, raises or crashes is said to in one line" {
    refused 'work.c compiles' '^ *work.c:[0-9]*:.*error' solution.c 's/^    return/    retrun/'
    refused 'work.pyx compiles' '^ *work.pyx:[0-9]*:.*Assignment of Python object' solution.pyx \
        's/^        blur_row(/        up = object(); &/'
    refused "$ALONE" 'it crashed: SIGSEGV' solution.c 's/^        int s/*(volatile int *)0 = 0;&/'
    for when in 1 'threads > 1'; do
        refused right 'the process was ended before the check was: exit(0)' solution.c \
            's/string.h/stdlib.h>\n#include <&/' "s/^        int sums/        if ($when) exit(0);\n&/"
    done
    refused "$ALONE" 'ValueError: expected two images' solution.pyx 's/ > MOST:/ > 4:/'
    OPENMP_CFLAGS='' OPENMP_LIBS='' refused 'work.c compiles' 'no OpenMP here; type make doctor' solution.c
    run -2 limited "$PY" exercise/check.py none.pyx
}

@test "exercise: the commands at the heads of the files work as typed" {
    cp -R exercise "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR" && mkdir build
    for file in starter.c solution.{c,pyx}; do
        run limited bash -c "$(sed -nE '/^ \*\/|^# cython/q; s/^( \*|#)     //p' "exercise/$file")"
        [[ $output == '4 threads make '*'picture'* ]] || false
        [[ $file == starter* || $output == *'the same picture as one' ]] || false
    done
}
