# shellcheck shell=bash disable=SC2154 # Bats sets output
load ../../tools/helper

@test "exercise: right ways pass, on one core too, and each wrong way is refused for its reason" {
    cd "$BATS_TEST_DIRNAME/.." && needs_openmp
    OPENMP_CFLAGS=$(probed OPENMP_CFLAGS) OPENMP_LIBS=$(probed OPENMP_LIBS)
    export OPENMP_CFLAGS OPENMP_LIBS OMP_NUM_THREADS=1 OMP_THREAD_LIMIT=1 OMP_PROC_BIND=true
    run -0 on_one_core "$PY" exercise/check.py exercise/solution.c
    [ "$(grep -c '^  right  ' <<<"$output")" -eq 5 ]
    while IFS='|' read -r work claim hint flags; do
        CFLAGS="-DTRAIN=train_on -DSET=set_weight \
            '-DCALL=solution(blocks, threads, every, epochs, answer)' $flags" \
            run limited "$PY" exercise/check.py "exercise/$work"
        [ "$(grep -c 'not yet' <<<"$output")" -eq "$status" ]
        grep -A 1 "$claim" <<<"$output" | grep "$hint"
    done <<'WAYS'
wrong.c|All right|C|'-DCALL=static float w[4][1024]; memset(w, 0, sizeof w); for (size_t n = blocks / threads, k = 0; k < epochs * n; k++) { _Pragma("omp parallel for num_threads(threads)") for (int t = 0; t < threads; t++) train_on(t * n + k % n, w[t]); if (k % every == every - 1) average(w, threads); } memcpy(answer, w, FEATURES * 4)'
starter.c|two threads|nobody averages|
wrong.c|two threads|wait|-Dbarrier=flush
wrong.c|two threads|before the average is there|'-Dsingle=single nowait'
wrong.c|two threads|neither a thread's own nor|-Dsingle=flush '-DSET(weight, mean)=if (t == omp_get_thread_num()) set_weight(weight, mean)'
wrong.c|two threads|each thread: |-Dsingle=critical
wrong.c|two threads|nobody averages|'-DCALL=solution(blocks, threads, blocks / threads, epochs, answer)'
wrong.c|two threads|after block 1 .* too early|'-DCALL=solution(blocks, threads, 1, epochs, answer)'
wrong.c|two threads|added up, but not divided|'-DSET(weight, mean)=set_weight(weight, sum)'
wrong.c|two threads|give each thread its own|'-DTRAIN(block, own)=train_on(block, weights[0])'
wrong.c|two threads|1 of 2 threads|'-DTRAIN(block, own)=_Pragma("omp critical") train_on(block, own)'
wrong.c|two threads| 0 calls of set_weight()|'-DSET(weight, mean)=*(weight) = (float)(mean)'
wrong.c|two threads|ended before the check was: exit(0)|'-DCALL=if (threads > 1) exit(0); solution(blocks, threads, every, epochs, answer)'
wrong.c|one thread|the answer is not|'-DCALL=solution(blocks, threads, every, epochs, calloc(99, 4))'
wrong.c|same bits|which order|'-DSET(weight, mean)=set_weight(weight, mean * (1 + 1e-6 * (rand() % 2)))'
wrong.c|compiles|solution.c:[0-9]*:.*error|-Dbarrier=barier
WAYS
}
