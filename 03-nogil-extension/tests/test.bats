# shellcheck shell=bash disable=SC2154 # Bats sets output
# What the programs print; test_modules.py tests what the modules do.
load ../../tools/helper

setup() { cd "$BATS_TEST_DIRNAME/.." || return; }

ignoring_ctrl_c() { (trap '' INT && limited "$@"); } # as `make &` in a script starts it

@test "primes.py counts the same on any number of threads, and its threads meet on one core too" {
    for threads in 1 3 256; do
        counts 25997 "sequential held released cython-declared cython-released" \
            "$PY" primes.py -n 300000 -t "$threads"
    done
    run -0 on_one_core "$PY" primes.py -n 1000
}

@test "count.py takes all steps, and a million times more of them where the loop is deleted" {
    counts 1000003 kept "$PY" count.py -n 1000003
    [[ $output == *"kept both loops"* ]] || [ "$(column answer deleted)" = 1000000000000000 ]
}

@test "manners.py: Ctrl-C is noticed on one core too, and if it was ignored before" {
    for how in limited on_one_core ignoring_ctrl_c; do
        run -0 "$how" "$PY" -X dev -W error manners.py
        [ "$(grep -c 'KeyboardInterrupt .* in the middle$' <<<"$output")" -eq 1 ]
    done
}
