# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# The eight mistakes: each shows itself, and each is noticed when it does not.
load ../../tools/helper

setup() {
    chapter=${BATS_TEST_DIRNAME%/*}
    cd "$chapter" || return 1
}

# A copy of mistakes/ to be spoilt; the path has a space.
copy_mistakes() {
    copy="$BATS_TEST_TMPDIR/a copy"
    mkdir -p "$copy/mistakes"
    cp inside.h "$copy"
    cp mistakes/*.* "$copy/mistakes"
}

sources() { find mistakes -not -name '*.pyc' -not -name __pycache__ | sort; }

spoil() { # spoil FILE SED-EXPRESSION: in the copy; fails if nothing changed
    cp "$copy/mistakes/$1" "$BATS_TEST_TMPDIR/before"
    sed "$2" "$BATS_TEST_TMPDIR/before" >"$copy/mistakes/$1"
    ! cmp -s "$BATS_TEST_TMPDIR/before" "$copy/mistakes/$1"
}

# all_at_once FOLDER CODE NAME ...: run the scripts beside each other; each must end with CODE.
all_at_once() {
    local folder=$1 code=$2 name jobs=() bad=0
    shift 2
    for name in "$@"; do
        limited "$PY" "$folder/$name.py" >"$BATS_TEST_TMPDIR/$name.out" 2>&1 3>&- &
        jobs+=($!)
    done
    for name in "$@"; do
        status=0
        wait "${jobs[0]}" || status=$?
        jobs=("${jobs[@]:1}")
        echo "$name: exit code $status"
        cat "$BATS_TEST_TMPDIR/$name.out"
        [ "$status" -eq "$code" ] || bad=1
    done
    return $bad
}

# A Python that claims to be free-threaded; its GIL is on if the expression is true.
pretend_free_threaded() {
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    cat >"$BATS_TEST_TMPDIR/bin/python3.15t" <<EOF
#!/bin/sh
exec '$(command -v python)' -c '
import sys, sysconfig
real = sysconfig.get_config_var
sysconfig.get_config_var = lambda name: 1 if name == "Py_GIL_DISABLED" else real(name)
sys._is_gil_enabled = lambda: $1
exec(sys.argv[-1])' "\$@"
EOF
    chmod +x "$BATS_TEST_TMPDIR/bin/python3.15t"
    run limited env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$PY" mistakes/gil_comes_back.py
    echo "$output"
}

ours_is_free_threaded() {
    "$PY" -c 'import sysconfig, sys; sys.exit(sysconfig.get_config_var("Py_GIL_DISABLED") != 1)'
}

@test "every mistake shows itself, and its fix works" {
    names=()
    for script in mistakes/*_*.py; do names+=("$(basename "$script" .py)"); done
    [ "${#names[@]}" -eq 8 ]
    before=$(sources)
    all_at_once mistakes 0 "${names[@]}"
    for name in "${names[@]}"; do
        for label in expected seen cause fix; do
            [ "$(grep -c "^$label:  *[^ ]" "$BATS_TEST_TMPDIR/$name.out")" -eq 1 ]
        done
        if [ "$name" != gil_comes_back ]; then
            grep -q '^fixed:  *[^ ]' "$BATS_TEST_TMPDIR/$name.out"
            [ "$(awk 'length > 105' "$BATS_TEST_TMPDIR/$name.out")" = "" ]
        fi
        [ "$(wc -l <"$BATS_TEST_TMPDIR/$name.out")" -le 14 ]
    done
    # What was made lies in build/, and no half-made folder is left there.
    [ "$(sources)" = "$before" ]
    [ "$(find build/mistakes -mindepth 1 -type d)" = "" ]
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
    all_at_once "$copy/mistakes" 1 declared_only object_in_nogil exception_check lock_and_gil \
        api_without_gil buffer_after_release deleted_loop
    [ "$(grep -l ': this is not what was expected$' "$BATS_TEST_TMPDIR"/*.out | wc -l)" -eq 7 ]
}

@test "neither is a fix that does not work" {
    copy_mistakes
    spoil api_without_gil.c 's/{"fixed", fixed,/{"fixed", broken,/'
    spoil buffer_after_release.c 's/{"fixed", fixed,/{"fixed", broken,/'
    spoil deleted_loop.c 's/{"with_barrier", call_with_barrier,/{"with_barrier", call_broken,/'
    all_at_once "$copy/mistakes" 1 api_without_gil buffer_after_release deleted_loop
    copy_mistakes
    spoil deleted_loop.c 's/x \^= x >> 7/x ^= x >> 8/'
    all_at_once "$copy/mistakes" 1 deleted_loop
}

@test "the deadlock is certain on one core as well" {
    on_one_core "$PY" mistakes/lock_and_gil.py
}

@test "a free-threaded Python is found on PATH, and its GIL watched" {
    if ours_is_free_threaded; then skip "this Python is free-threaded itself"; fi
    pretend_free_threaded '"undeclared" in sys.modules'
    [ "$status" -eq 0 ]
    grep -q '^seen: *off before the import, on after it (.*python3.15t)$' <<<"$output"
    grep -q '^fixed: *off before the import, off after it$' <<<"$output"
    for wrong in False 'any(m in sys.modules for m in ("declared", "undeclared"))'; do
        pretend_free_threaded "$wrong"
        [ "$status" -eq 1 ]
    done
}

@test "without a free-threaded Python nothing is claimed to be seen" {
    if ours_is_free_threaded; then skip "this Python is free-threaded itself"; fi
    run limited env PATH=/nowhere "$(command -v "$PY")" mistakes/gil_comes_back.py
    echo "$output"
    [ "$status" -eq 0 ]
    grep -q '^seen: *nothing: no free-threaded Python' <<<"$output"
    [ "$(grep -c '^fixed:' <<<"$output")" -eq 0 ]
}

@test "a wrong option or a missing tool is one line, and exit code 2" {
    for script in mistakes/*_*.py; do
        run complaint "$PY" "$script" --nonsense
        echo "$output"
        [ "$status" -eq 2 ]
        [ "$output" = "$(basename "$script"): error: unrecognized arguments: --nonsense" ]
    done
    run complaint env CC=/nowhere/cc "$PY" mistakes/api_without_gil.py
    echo "$output"
    [ "$status" -eq 2 ]
    [ "$output" = "api_without_gil.py: cannot run /nowhere/cc: No such file or directory" ]
    run complaint env CC=false "$PY" mistakes/api_without_gil.py
    [ "$status" -eq 2 ]
    [ "$output" = "api_without_gil.py: false failed on api_without_gil.c" ]
    run complaint "$PY" -S mistakes/declared_only.py # no site-packages: no Cython
    echo "$output"
    [ "$status" -eq 2 ]
    [[ $output == "declared_only.py: Cython is missing; "* && ${#lines[@]} -eq 1 ]]
}

@test "Ctrl-C leaves no process and no file behind" {
    copy_mistakes
    run limited "$PY" -c '
import os, signal, subprocess, sys, time
import psutil
command = [sys.executable, sys.argv[1]]
script = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
children = []

def hangs(child):
    try:
        return "dump_traceback_later" in " ".join(child.cmdline())
    except psutil.Error:  # it has just ended
        return False

while not any(map(hangs, children)):
    assert script.poll() is None, "it ended before its time"
    time.sleep(0.01)
    children = script.children(recursive=True)
script.send_signal(signal.SIGINT)
script.wait(60)
left = [child for child in children if child.is_running()]
assert not left, left' "$copy/mistakes/lock_and_gil.py"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(find "$copy/build/mistakes" -mindepth 1 -type d)" = "" ]
}
