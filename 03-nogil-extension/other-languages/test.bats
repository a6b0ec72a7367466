# shellcheck shell=bash disable=SC2016,SC2154 # Bats sets output, lines and status
# other-languages/: the languages that are here, and what is said of those that are not.
load ../../tools/helper

setup() { cd "$BATS_TEST_DIRNAME/.." || return 1; }

# The languages that `make build` found, beside c and cython.
others() { sed -n 's/: yes.*//p' build/other/found; }

# A chapter in a path with spaces, where things can be spoilt and built again.
twin() {
    local copy="$BATS_TEST_TMPDIR/a copy"
    mkdir -p "$copy/chapter/build"
    ln -s "$PWD/../tools" "$PWD/../.venv" "$copy"
    cp -Rp other-languages "$copy/chapter"
    cp -Rp build/other build/config build/_primes* build/primes_cython* "$copy/chapter/build"
    cd "$copy/chapter" || return 1
    printf '%s\n' 'CFLAGS := -O2' 'include ../tools/common.mk' 'include other-languages/rules.mk' >Makefile
}

spoil() { edit "other-languages/$1" "$2"; }

# says LINE ARGUMENT ...: primes.py ends with code 1 and says this.
says() {
    run limited "$PY" other-languages/primes.py "${@:2}"
    [ "$status" -eq 1 ] && grep -qx "primes.py: $1" <<<"$output"
}

@test "every language gives the same answer, on one thread and on three" {
    run -0 limited "$PY" other-languages/primes.py -n 20011 -t 3
    for language in c cython $(others); do
        [ "$(column answer "$language") $(column inside "$language")" = '2262 1' ]
        [ "$(column answer "$language-threads") $(column threads "$language-threads")" = '2262 3' ]
    done
}

@test "two threads meet in every language when the GIL is released, and none when it is held" {
    gil_is_on || skip "this interpreter has no GIL"
    for where in limited on_one_core; do
        run -0 "$where" "$PY" other-languages/primes.py -n 1000
        for language in c cython $(others); do
            case $language in cython | cffi) held=- ;; *) held=1 ;; esac
            grep -qE "^$language +[^0-9]+ 2 +[^0-9]* $held$" <<<"$output"
        done
    done
}

@test "what has no tools is left out by name, and builds and fails nothing" {
    twin
    limited make --no-print-directory other CXX=no-c++ RUSTC='no-rustc --quiet'
    echo 'import no_such_package' >other-languages/primes_numba.py
    run -0 limited "$PY" other-languages/primes.py -n 1000
    [ "$(column answer c)$(column answer rust)" = 168 ]
    grep -qx 'left out: rust (no Rust compiler: RUSTC=no-rustc --quiet)' <<<"$output"
    grep -qE '^left out: pybind11 \((no C\+\+ compiler: CXX=no-c\+\+|.* make peers)\)$' <<<"$output"
    grep -qE '^left out: numba \((No module named .*|.* make peers)\)$' <<<"$output"
}

@test "a Python without packages and a compiler that cannot compile are no tools" {
    broken=$BATS_TEST_TMPDIR/broken
    printf '#!/bin/sh\n[ "$1" = --version ] && echo "no compiler 1.0"\n' >"$broken"
    chmod +x "$broken"
    run env CXX="$broken" RUSTC="$broken" sh other-languages/found.sh "$broken"
    [ "$(grep -c ': no (' <<<"$output") $(grep -c 'make peers' <<<"$output")" = '4 3' ]
}

@test "a language that counts wrong is named" {
    others | grep -qx cffi || skip "cffi is not here"
    twin
    spoil primes_cffi.py 's/d \* d <= n; d++/d * d < n; d++/'
    limited make --no-print-directory build/other/_primes_cffi.so
    says 'wrong answer: cffi cffi-threads' -n 20011
}

@test "a call that holds the GIL where it should release it is named, and the other way round" {
    gil_is_on || skip "this interpreter has no GIL"
    others | grep -qx rust || skip "rust is not here"
    twin
    spoil languages.py 's/meet=cdll.meet/meet=pydll.meet/'
    spoil primes.py 's/counters, 30)/counters, 0.1 if language == "rust" else 30)/' # in vain
    says 'wrong in rust: 2 come when released, 1 when held' -n 1000
    spoil languages.py 's/meet=pydll.meet, meet_held=pydll/meet=cdll.meet, meet_held=cdll/'
    spoil primes.py 's/0.1 if .* else 30)/30)/
        s/counters, 0.1)/counters, 30 if language == "rust" else 0.1)/' # they will meet
    says 'wrong in rust: 2 come when released, 1 when held' -n 1000
}
