# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# The nine mistakes: each shows itself, and each is noticed when it does not.
load ../../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return 1
    needs_openmp
    OPENMP_CFLAGS=$(probed OPENMP_CFLAGS) OPENMP_LIBS=$(probed OPENMP_LIBS)
    export OPENMP_CFLAGS OPENMP_LIBS
}

# A copy of mistakes/ to be spoilt; the path has a space.
copy_mistakes() {
    copy="$BATS_TEST_TMPDIR/a copy"
    mkdir -p "$copy/mistakes"
    ln -sfn "$PWD/../tools" "$BATS_TEST_TMPDIR/tools"
    cp mistakes/*.* "$copy/mistakes"
}

spoil() { edit "$copy/mistakes/$1" "${@:2}"; }

# swap FILE NAME AS: what the script calls NAME is the source's AS.
swap() { spoil "$1.pyx" "s/^def $2(/def was_$2(/" && echo "$2 = $3" >>"$copy/mistakes/$1.pyx"; }

# ends CODE SCRIPT: with this exit code, and with 1 only for the reason that is meant.
ends() {
    run limited "$PY" "$2"
    printf '%s: exit code %s\n%s\n' "$2" "$status" "$output"
    [ "$status" -eq "$1" ] || return 1
    [ "$1" -ne 1 ] || [[ $output == *": this is not what was expected" ]]
}

@test "every mistake shows itself, and its fix works" {
    scripts=(mistakes/*_*.py)
    [ "${#scripts[@]}" -eq 9 ]
    for script in "${scripts[@]}"; do
        ends 0 "$script"
        for label in expected seen cause fix fixed; do
            [ "$(grep -c "^$label:  *[^ ]" <<<"$output")" -eq 1 ]
        done
        [ "${#lines[@]}" -le 18 ]
        run awk 'length > 80' <<<"$output"
        [ -z "$output" ]
    done
}

@test "a mistake that does not show itself is no success" {
    copy_mistakes
    spoil missing_flag.py 's/"-O0", module="without_flag"/"-O0", *OPENMP, module="without_flag"/'
    spoil released_twice.pyx 's/ with nogil:/ if True:/'
    swap length_beside broken 'lambda x, out, n: fixed(x, out)'
    swap lost_updates broken fixed
    swap carried_over broken fixed
    swap gil_in_loop broken fixed
    swap linetrace_left_on broken fixed
    spoil fork_after_openmp.py 's/child("fork", 3/child("spawn", 60/' \
        's/OPENMP).runtime/OPENMP).runtime and "libgomp"/'
    spoil too_many_threads.py 's/= str(TEAM)/= "1"/'
    for script in "$copy"/mistakes/*_*.py; do
        ends 1 "$script"
    done
}

@test "neither is a fix that does not work" {
    copy_mistakes
    spoil missing_flag.py 's/"-O0", \*OPENMP,/"-O0",/'
    spoil released_twice_fixed.pyx 's/num_threads=2/num_threads=1/'
    spoil length_beside.pyx 's/if out.shape\[0\] != n:/if False:/'
    spoil lost_updates.pyx 's/total += 1/total = total + 1/'
    spoil carried_over.pyx 's/return max(largest\[0\], largest\[1\])/return largest[1]/'
    rm "$copy"/mistakes/{fork_after_openmp,gil_in_loop,linetrace_left_on}.py # theirs take long
    spoil too_many_threads.py 's/initargs=(1,))$/initargs=(TEAM,))/'
    for script in "$copy"/mistakes/*_*.py; do
        ends 1 "$script"
    done
}

@test "a child that hangs is no fix" {
    copy_mistakes
    spoil fork_after_openmp.py 's/seen = child(.*/seen = HUNG/' 's/("forkserver", "spawn")/("fork",)/' \
        's/child(method, 60)/child(method, 3)/'
    run limited "$PY" "$copy/mistakes/fork_after_openmp.py"
    [[ $output != *'with libomp:'* ]] || skip 'with libomp no child hangs'
    [ "$status" -eq 1 ]
    grep -q '^fixed: *fork: before the loop, and nothing more$' <<<"$output"
}

@test "lost updates, teams and too many threads are certain on one core as well" {
    for name in lost_updates too_many_threads; do
        run -0 on_one_core "$PY" "mistakes/$name.py"
    done
}

@test "the reader's settings of OpenMP do not decide" {
    run -0 limited env OMP_NUM_THREADS=abc OMP_THREAD_LIMIT=1 "$PY" mistakes/lost_updates.py
}

@test "without ldd or otool the library is said to be not known, and nothing fails" {
    copy_mistakes
    spoil missing_flag.py 's/"otool"/"no-tool"/' 's/"ldd"/"no-tool"/'
    ends 0 "$copy/mistakes/missing_flag.py"
    [ "$(grep -c ' OpenMP library: not known without no-tool$' <<<"$output")" -eq 2 ]
}

@test "a missing tool is one line, and exit code 2" {
    run -2 complaint env CC=/nowhere/cc "$PY" mistakes/lost_updates.py
    [ "$output" = "lost_updates.py: cannot run /nowhere/cc: No such file or directory" ]
}
