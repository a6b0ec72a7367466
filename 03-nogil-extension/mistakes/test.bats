# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# The eight mistakes: each shows itself, and each is noticed when it does not.
load ../../tools/helper

setup() { cd "$BATS_TEST_DIRNAME/.." || return 1; }

# A copy of mistakes/ to be spoilt; the path has a space.
copy_mistakes() {
    copy="$BATS_TEST_TMPDIR/a copy"
    mkdir -p "$copy/mistakes"
    ln -sfn "$PWD/../tools" "$BATS_TEST_TMPDIR/tools"
    cp mistakes/*.* "$copy/mistakes"
}

spoil() { edit "$copy/mistakes/$1" "$2"; }

# ends CODE SCRIPT: with this exit code, and with 1 only for the reason that is meant.
ends() {
    run limited "$PY" "$2"
    printf '%s: exit code %s\n%s\n' "$2" "$status" "$output"
    [ "$status" -eq "$1" ] || return 1
    [ "$1" -ne 1 ] || [[ $output == *": this is not what was expected" ]]
}

# A Python that claims to be free-threaded; its GIL is on if the expression is true.
pretend_free_threaded() {
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    cat >"$BATS_TEST_TMPDIR/bin/python3.15t" <<EOF
#!/bin/sh
exec '$(command -v "$PY")' -c '
import sys, sysconfig
real = sysconfig.get_config_var
sysconfig.get_config_var = lambda name: 1 if name == "Py_GIL_DISABLED" else real(name)
sys._is_gil_enabled = lambda: $1
exec(sys.argv[-1])' "\$@"
EOF
    chmod +x "$BATS_TEST_TMPDIR/bin/python3.15t"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

ours_is_free_threaded() {
    "$PY" -c 'import sysconfig, sys; sys.exit(sysconfig.get_config_var("Py_GIL_DISABLED") != 1)'
}

@test "every mistake shows itself, and its fix works" {
    scripts=(mistakes/*_*.py)
    [ "${#scripts[@]}" -eq 8 ]
    for script in "${scripts[@]}"; do
        ends 0 "$script"
        labels=(expected seen cause fix fixed)
        [[ $output != *'no free-threaded Python'* ]] || unset 'labels[4]'
        for label in "${labels[@]}"; do
            [ "$(grep -c "^$label:  *[^ ]" <<<"$output")" -eq 1 ]
        done
        [ "${#lines[@]}" -le 18 ]
    done
}

@test "a mistake that does not show itself is no success" {
    copy_mistakes
    spoil declared_only.pyx 's/^cpdef int declared/cdef int unused/'
    echo 'declared = released' >>"$copy/mistakes/declared_only.pyx"
    spoil object_in_nogil.pyx 's/ with nogil:/ if True:/'
    echo 'total = sum' >"$copy/mistakes/object_in_nogil_fixed.pyx" # compiles sooner
    spoil exception_check.pyx 's/^cdef void checked(double x) nogil/cdef void checked(double x) noexcept nogil/'
    spoil lock_and_gil.c 's/{"insert_broken", insert_broken,/{"insert_broken", insert_fixed,/'
    spoil api_without_gil.c 's/{"broken", broken,/{"broken", fixed,/'
    spoil buffer_after_release.c 's/{"broken", broken,/{"broken", fixed,/'
    spoil deleted_loop.c 's/{"broken", call_broken,/{"broken", call_with_barrier,/'
    for name in declared_only object_in_nogil exception_check lock_and_gil api_without_gil \
        buffer_after_release deleted_loop; do
        ends 1 "$copy/mistakes/$name.py"
    done
}

@test "neither is a fix that does not work" {
    copy_mistakes
    spoil api_without_gil.c 's/{"fixed", fixed,/{"fixed", broken,/'
    spoil buffer_after_release.c 's/{"fixed", fixed,/{"fixed", broken,/'
    spoil deleted_loop.c 's/{"with_barrier", call_with_barrier,/{"with_barrier", call_broken,/'
    for name in api_without_gil buffer_after_release deleted_loop; do
        ends 1 "$copy/mistakes/$name.py"
    done
    copy_mistakes
    spoil deleted_loop.c 's/x \^= x >> 7/x ^= x >> 8/'
    ends 1 "$copy/mistakes/deleted_loop.py"
}

@test "the deadlock is certain on one core as well" {
    on_one_core "$PY" mistakes/lock_and_gil.py
}

@test "a free-threaded Python is found on PATH, and its GIL watched" {
    if ours_is_free_threaded; then skip "this Python is free-threaded itself"; fi
    pretend_free_threaded '"undeclared" in sys.modules'
    ends 0 mistakes/gil_comes_back.py
    grep -q '^seen: *off before the import, on after it' <<<"$output"
    grep -q '^fixed: *off before the import, off after it$' <<<"$output"
    for wrong in False 'any(m in sys.modules for m in ("declared", "undeclared"))'; do
        pretend_free_threaded "$wrong"
        ends 1 mistakes/gil_comes_back.py
    done
}

@test "without a free-threaded Python nothing is claimed to be seen" {
    if ours_is_free_threaded; then skip "this Python is free-threaded itself"; fi
    run -0 limited env PATH=/nowhere "$(command -v "$PY")" mistakes/gil_comes_back.py
    grep -q '^seen: *nothing: no free-threaded Python' <<<"$output"
    [ "$(grep -c '^fixed:' <<<"$output")" -eq 0 ]
}

@test "a missing tool is one line, and exit code 2" {
    run -2 complaint env CC=/nowhere/cc "$PY" mistakes/api_without_gil.py
    [ "$output" = "api_without_gil.py: cannot run /nowhere/cc: No such file or directory" ]
}
