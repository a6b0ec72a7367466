# shellcheck shell=bash disable=SC2016,SC2154 # Bats sets output, lines and status
# other-languages/: the languages that are here, and what is said of those that are not.
load ../../tools/helper

setup() {
    chapter=${BATS_TEST_DIRNAME%/*}
    cd "$chapter" || return 1
    py=$PY
    other="other-languages/primes.py"
}

# The languages that `make build` found, beside c and cython.
others() { sed -n 's/: yes.*//p' build/other/found; }

# A chapter in a path with spaces, where things can be spoilt and built again.
twin() {
    mkdir -p "$BATS_TEST_TMPDIR/a chapter/03/build"
    ln -s "$chapter/../tools" "$chapter/../.venv" "$BATS_TEST_TMPDIR/a chapter"
    cp -Rp other-languages inside.h "$BATS_TEST_TMPDIR/a chapter/03"
    cp -Rp build/other build/config build/_primes* build/primes_cython* \
        "$BATS_TEST_TMPDIR/a chapter/03/build"
    cd "$BATS_TEST_TMPDIR/a chapter/03" || return 1
    printf '%s\n' 'CFLAGS := -O2' 'include ../tools/common.mk' 'include other-languages/rules.mk' >Makefile
}

spoil() { # spoil FILE SED-EXPRESSION: fails if nothing changed
    cp "$1" before
    sed "$2" before >"$1"
    ! cmp -s before "$1"
}

# A Python that has no package of this name.
without() {
    mkdir -p without
    echo "raise ImportError('there is no $1')" >"without/$1.py"
    PYTHONPATH=without limited "$py" "${@:2}"
}

# The lines of the second table: language, released, held.
meetings() {
    awk '/^ +released by/ { on = 1; next } !NF { on = 0 }
        on { for (i = 2; $i !~ /^[0-9]+$/; i++); print $1, $i, $NF }' <<<"$output"
}

@test "every language gives the same answer, on one thread and on three" {
    run limited "$py" "$other" -n 20011 -t 3
    echo "$output"
    [ "$status" -eq 0 ]
    rows_are_well_formed
    for language in c cython $(others); do
        [ "$(column answer "$language") $(column threads "$language")" = '2262 1' ]
        [ "$(column inside "$language")" = 1 ]
        [ "$(column answer "$language-threads") $(column threads "$language-threads")" = '2262 3' ]
    done
}

@test "two threads meet in every language when the GIL is released, and none when it is held" {
    gil_is_on || skip "this interpreter has no GIL"
    for where in limited on_one_core; do
        run "$where" "$py" "$other" -n 1000
        echo "$output"
        [ "$status" -eq 0 ]
        [ "$(meetings | wc -l)" -eq "$(($(others | wc -l) + 2))" ]
        [ "$(meetings | awk '$2 != 2 || $3 !~ /^[1-]$/' | wc -l)" -eq 0 ]
        for language in c $(others | grep -v cffi); do
            [[ $'\n'$(meetings)$'\n' == *$'\n'"$language 2 1"$'\n'* ]] || false
        done
    done
}

@test "what has no tools is left out by name, builds nothing and fails nothing" {
    twin
    run limited make --no-print-directory other CXX=no-c++ RUSTC='no-rustc --quiet'
    echo "$output"
    [ "$status" -eq 0 ]
    grep -qx 'rust: no (no Rust compiler: RUSTC=no-rustc --quiet)' build/other/found
    grep -q '^pybind11: no (.*)$' build/other/found
    [ ! -e build/other/libprimes_rust.so ]
    [ ! -e build/other/primes_pybind11.so ]
    run without numba "$other" -n 1000
    echo "$output"
    [ "$status" -eq 0 ]
    grep -qx 'left out: rust (no Rust compiler: RUSTC=no-rustc --quiet)' <<<"$output"
    grep -q '^left out: pybind11 (.*)$' <<<"$output"
    grep -qE '^left out: numba \((there is no numba|not installed: make peers)\)$' <<<"$output"
    [ "$(column answer c)" = 168 ]
    [ -z "$(column answer rust)" ]
}

@test "a Python without packages and a compiler that cannot compile are no tools" {
    printf '#!/bin/sh\n[ "$1" = --version ] && echo "no compiler 1.0"\n' >"$BATS_TEST_TMPDIR/broken"
    chmod +x "$BATS_TEST_TMPDIR/broken"
    run env CXX="$BATS_TEST_TMPDIR/broken" RUSTC="$BATS_TEST_TMPDIR/broken" \
        sh other-languages/found.sh "$BATS_TEST_TMPDIR/broken"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 4 ]
    [ "$(grep -c ': no (' <<<"$output")" -eq 4 ]
    [ "$(grep -c 'make peers' <<<"$output")" -eq 3 ]
}

@test "a language that counts wrong is named" {
    # Not pybind11: to compile that one again takes seconds.
    wrong=$(others | awk '$1 != "pybind11" { one = one $1 ", "; more = more ", " $1 "-threads" }
        END { print one substr(more, 3) }')
    [ -n "$wrong" ] || skip "neither Rust nor cffi nor Numba is here"
    twin
    spoil other-languages/primes_rust.rs 's/while d \* d <= n/while d * d < n/'
    spoil other-languages/primes_cffi.py 's/d \* d <= n; d++/d * d < n; d++/'
    spoil other-languages/primes_numba.py 's/while d \* d <= n/while d * d < n/'
    run limited make --no-print-directory build/other/libprimes_rust.so build/other/_primes_cffi.so
    echo "$output"
    [ "$status" -eq 0 ]
    run limited "$py" "$other" -n 20011
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$(tail -n 1 <<<"$output")" = "primes.py: wrong answer in $wrong; expected 2262" ]
}

@test "a call that does not release the GIL is named" {
    gil_is_on || skip "this interpreter has no GIL"
    [[ $'\n'$(others)$'\n' == *$'\n'rust$'\n'* ]] || skip "rust is not here"
    twin
    spoil other-languages/languages.py 's/meet=cdll.meet/meet=pydll.meet/'
    spoil other-languages/primes.py 's/counters, 30)/counters, 0.1)/' # nobody will come
    run limited "$py" "$other" -n 1000
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$(tail -n 1 <<<"$output")" = "primes.py: wrong in rust: 2 come when released, 1 when held" ]
}

@test "a call that releases it where it should be held is named" {
    gil_is_on || skip "this interpreter has no GIL"
    [[ $'\n'$(others)$'\n' == *$'\n'rust$'\n'* ]] || skip "rust is not here"
    twin
    spoil other-languages/languages.py 's/meet_held=pydll.meet/meet_held=cdll.meet/'
    spoil other-languages/primes.py \
        's/counters, 0.1)/counters, 30 if language == "rust" else 0.1)/'
    run limited "$py" "$other" -n 1000
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$(tail -n 1 <<<"$output")" = "primes.py: wrong in rust: 2 come when released, 1 when held" ]
}

@test "other-languages refuses wrong options, and says what to type when nothing is built" {
    for value in 0 -3 99999 abc ''; do
        refuses -t "$value" "$py" "$other"
    done
    for value in 0 -1 1e99 0.5 99999999999999999999999 ''; do
        refuses -n "$value" "$py" "$other"
    done
    twin
    rm -r build
    run limited "$py" "$other"
    echo "$output"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *'; in 03-nogil-extension, type: make build' ]]
}
