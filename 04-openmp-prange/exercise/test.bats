# shellcheck shell=bash disable=SC2154 # Bats sets output and lines
load ../../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME/.." && needs_openmp
    OPENMP_CFLAGS=$(probed OPENMP_CFLAGS) OPENMP_LIBS=$(probed OPENMP_LIBS)
    export OPENMP_CFLAGS OPENMP_LIBS
}

@test "exercise: the heads' commands work as typed, the solutions pass, and the starters do not" {
    cp -R exercise "$BATS_TEST_TMPDIR/my exercise"
    run -0 on_one_core "$PY" exercise/check.py "$BATS_TEST_TMPDIR/my exercise/"solution.{c,pyx}
    [ "$(grep -c '^  right  ' <<<"$output")" -eq 10 ]
    run -1 on_one_core "$PY" exercise/check.py exercise/starter.{c,pyx}
    [ "$(grep -cE 'two threads write to\?|368,70[0-9] of 368,707 steps' <<<"$output")" -eq 4 ]
    [ "$(grep -c '^  right  ' <<<"$output")" -eq 6 ]
    run -0 limited bash -c "$(sed -n 's/^ \*     //p' exercise/{starter,solution}.c)"
    [[ ${lines[1]} == "4 threads make the same picture as 1" ]] || false
}

@test "exercise: what does not compile, and what cannot be checked, is said in one line" {
    cp exercise/starter.c "$BATS_TEST_TMPDIR/c.pyx"
    limited "$PY" exercise/check.py "$BATS_TEST_TMPDIR/c.pyx" | grep '^ *c.pyx:1:0: '
    OPENMP_CFLAGS='' OPENMP_LIBS='' run -2 complaint "$PY" exercise/check.py exercise/solution.c
    [[ $output == *"no OpenMP here; type make doctor" && ${#lines[@]} -eq 1 ]] || false
}

@test "exercise: other right ways pass, and each wrong way is refused for its reason" {
    while IFS='|' read -r work claim hint flags; do
        [ "$flags" != -DRAISES=0 ] || gil_is_on || continue
        CFLAGS="'-DSHARE=OMP(omp parallel for num_threads(threads))' '-DROW=int sums[MOST];' \
            -DSET=set_pixel $flags" run limited "$PY" exercise/check.py "exercise/$work"
        [ "$(grep -c 'not yet' <<<"$output")" -eq "$status" ]
        grep -A 1 "$claim" <<<"$output" | grep "$hint"
    done <<'WAYS'
solution.c|All right|All right|'-Dnum_threads(n)=num_threads(n) schedule(dynamic)'
wrong.c|All right|All right|'-DSHARE=OMP(omp parallel num_threads(threads)) OMP(omp single) OMP(omp taskloop grainsize(8))'
wrong.c|compiles|wrong.c:[0-9]*:.*error|-DROW=retrun
wrong.c|on one thread|1 thread, 1 x 1 pixels: 1 of 1 wrong$|'-DSET(pixel, sum)=set_pixel(pixel, sum + 9)'
wrong.c|on one thread|set_pixel() is never called for 1 of them|'-DSET(pixel, sum)=*(pixel) = (sum + 4) / 9'
wrong.c|on one thread|a place outside the blurred image|'-DSET(pixel, sum)=set_pixel((uint8_t *)&image[r][c], sum)'
wrong.c|on one thread|it crashed: SIGSEGV|'-DROW=*(volatile int *)0 = 0;'
wrong.c|on one thread|ended before the check was: exit(0)|-DROW=exit(0);
wrong.c|several threads|ended before the check was: exit(0)|'-DROW=int sums[MOST]; if (threads > 1) exit(0);'
wrong.c|several threads|which array or variable do two threads|-DROW=
wrong.c|several threads|one is set [34] times; does each thread|'-DSHARE=OMP(omp parallel num_threads(threads))'
wrong.c|same time|is there a lock around it|-DROW=OMP(omp\ critical)
wrong.c|same time|is there a lock around it|'-DSET=OMP(omp critical) set_pixel'
wrong.c|same time|1 of 3 threads set pixels; is the loop shared|-DSHARE=
solution.c|same time|4 of 3 threads set pixels; .* as many as|'-Dnum_threads(n)=num_threads(4)'
solution.c|same time|only 3 of 4 threads have half|'-Dnum_threads(n)=num_threads(n) schedule(static, 390)'
starter.c|along the rows|which loop should be inside|'-Dnum_threads(n)=num_threads(n) private(sums)'
solution.pyx|same time|1 of 3 threads set pixels; is the loop|'-Dnum_threads(n)=num_threads(1)'
wrong.pyx|one thread|line [0-9]*: AssertionError: no|-DRAISES=1
wrong.pyx|same time|is there a lock around it|-DRAISES=0
WAYS
}
