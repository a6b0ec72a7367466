# shellcheck shell=bash disable=SC2154 # Bats sets output
load ../../tools/helper

@test "exercise: right ways pass, on one core too, and each wrong way is refused for its reason" {
    cd "$BATS_TEST_DIRNAME/.." && needs_openmp
    OPENMP_CFLAGS=$(probed OPENMP_CFLAGS) OPENMP_LIBS=$(probed OPENMP_LIBS)
    export OPENMP_CFLAGS OPENMP_LIBS OMP_NUM_THREADS=1 OMP_THREAD_LIMIT=1 OMP_PROC_BIND=true
    run -0 on_one_core "$PY" exercise/check.py exercise/solution.c
    [ "$(grep -c '^  right  ' <<<"$output")" -eq 5 ]
    while IFS='|' read -r work claim hint flags; do
        CFLAGS=$flags run limited "$PY" exercise/check.py "exercise/$work.c"
        [ "$(grep -c 'not yet' <<<"$output")" -eq "$status" ]
        grep -A 1 "$claim" <<<"$output" | grep "$hint"
    done <<'WAYS'
loops|All right|All right|
starter|two threads|nobody averages|
solution|two threads|who waits until all have come|-Dbarrier=flush
solution|two threads|before the average is there|'-Dsingle=single nowait'
solution|two threads|neither a thread's own nor|-Dsingle=flush '-Dset_weight(weight, mean)=if (t == omp_get_thread_num()) set_weight(weight, mean)'
solution|two threads|each thread: |-Dsingle=critical
solution|two threads|nobody averages|'-Dif(due)=if ((k + 1) % part == 0)'
solution|two threads|after block 1 .* too early|'-Dif(due)=if (1)'
solution|two threads|the answer is not|'-Dif(due)=if ((due) && epoch + k + 2 < part + epochs)'
solution|two threads|added up, but not divided|'-Dset_weight(weight, mean)=set_weight(weight, sum)'
solution|two threads|give each thread its own|'-Dtrain_on(block, own)=train_on(block, weights[0])'
solution|two threads|is there a lock|'-Dtrain_on(block, own)=_Pragma("omp critical") train_on(block, own)'
solution|two threads| 0 calls of set_weight()|'-Dset_weight(weight, mean)=*(weight) = (float)(mean)'
solution|two threads|ended before the check was: exit(0)|-include stdlib.h '-Dtrain_on(block, own)=threads > 1 ? exit(0) : train_on(block, own)'
solution|one thread|block 0 is not trained once|'-Dtrain_on(block, own)=train_on((block) / 2, own)'
solution|same bits|which order|-include stdlib.h '-Dset_weight(weight, mean)=set_weight(weight, mean * (1 + 1e-6 * (rand() % 2)))'
solution|compiles|solution.c:[0-9]*:.*error|-Dbarrier=barier
WAYS
}
