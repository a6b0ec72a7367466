# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
# Several processes: the same bits as threads, and what happens when one dies or a disk is full.
load ../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return
    needs_openmp
    command -v mpicc >/dev/null || skip 'Open MPI is not installed (make mpi)'
    make -s build/sgd_mpi
    mkdir "$BATS_TEST_TMPDIR/build"
    ln -s "$PWD"/build/* "$BATS_TEST_TMPDIR/build"
    rm -f "$BATS_TEST_TMPDIR"/build/checkpoint*
    cd "$BATS_TEST_TMPDIR" || return
}

# ranks N COMMAND ...
ranks() {
    local as_root=()
    [ "$(id -u)" -ne 0 ] || as_root=(--allow-run-as-root)
    limited mpiexec "${as_root[@]}" --map-by :OVERSUBSCRIBE -n "$@"
}

@test "ranks give the weights of threads to the last bit, with as many of both together" {
    for shape in '1 4' '2 2' '4 1'; do
        read -r processes threads <<<"$shape"
        rm -f build/checkpoint
        run -0 ranks "$processes" build/sgd_mpi -t "$threads" -k 1
        answer=$(column answer mpi)
        [ -z "${first:-}" ] || cmp build/checkpoint first
        cp build/checkpoint first
        first=$answer
    done
    run -0 limited build/larger -t 4
    [ "$(awk '$1 == "mapped" && $2 == 4 { print $3 }' <<<"$output")" = "$answer" ]
    run -0 limited build/sgd_mpi # without a launcher it is one rank
    [ "$(column threads mpi)" = 1 ]
}

@test "training goes on from a checkpoint to the same weights, and not from another training's" {
    run -0 ranks 4 build/sgd_mpi -k 1
    epochs=$(column epochs mpi)
    [ "$epochs" -ge 2 ]
    mv build/checkpoint whole
    run ranks 4 build/sgd_mpi -k 1 -e 1
    run ranks 2 build/sgd_mpi -k 1 # other workers
    [ "$status" -eq 2 ]
    [[ $output == *'build/checkpoint: of another training, or damaged; remove it to begin anew'* ]] || false
    run -0 ranks 4 build/sgd_mpi -k 1
    cmp build/checkpoint whole
    [ "$(column epochs mpi)" = "$epochs" ]
    run -0 ranks 4 build/sgd_mpi -k 1
    [[ $output == 'build/checkpoint is of the end of this training, 0.0'* ]] || false
    cmp build/checkpoint whole
    run ranks 4 build/sgd_mpi -k 1 -e 1
    [ "$status" -eq 0 ]
    # Only the machine of rank 0 must have it.
    mkdir -p elsewhere/build
    run ranks 4 build/sgd_mpi -k 1 -s 2 -e 1
    [ "$status" -eq 2 ] # of seed 1
    rm build/checkpoint
    run ranks 4 build/sgd_mpi -k 1 -e 1
    run ranks 4 build/sgd_mpi -k 1 -e 1
    [ "$status" -eq 1 ]
    [[ $output == *'build/checkpoint is of epoch 1, 0.'*'% above the optimum: choose a larger -e'* ]] || false
    # shellcheck disable=SC2016 # expands in each rank
    run -0 ranks 4 bash -c 'program=$PWD/build/sgd_mpi
        [ "$OMPI_COMM_WORLD_RANK" -eq 0 ] || cd elsewhere || exit
        exec "$program" -k 1 '"$PWD/build/flights.bin"
    cmp build/checkpoint whole
}

@test "a checkpoint of other data, or one that is damaged, is refused" {
    run ranks 2 build/sgd_mpi -k 1 -e 1 -p 1
    cp build/checkpoint good
    cp build/flights.bin other.bin
    printf '\0' | dd of=other.bin bs=1 seek=32 conv=notrunc status=none # of its optimum
    run ranks 2 build/sgd_mpi -k 1 -p 1 other.bin
    [ "$status" -eq 2 ]
    for damage in 'bs=1 seek=62 count=1' 'bs=4 seek=16 count=1'; do # of the epoch, of a weight
        cp good build/checkpoint
        # shellcheck disable=SC2086 # arguments
        printf '\377\377\377\377' | dd of=build/checkpoint conv=notrunc status=none $damage
        run ranks 2 build/sgd_mpi -k 1 -p 1
        [ "$status" -eq 2 ]
    done
    head -c 100 good >build/checkpoint
    run ranks 2 build/sgd_mpi -k 1 -p 1
    [ "$status" -eq 2 ]
    [[ $output == *'build/checkpoint: of another training, or damaged; remove it to begin anew'* ]] || false
    cp good build/checkpoint
    run -0 ranks 2 build/sgd_mpi -k 1 -p 1
}

@test "a disk that is full leaves the checkpoint as it was, and ends the job" {
    [ -e /dev/full ] || skip 'there is no /dev/full'
    run ranks 4 build/sgd_mpi -k 1 -e 1
    cp build/checkpoint before
    ln -s /dev/full build/checkpoint.tmp
    run ranks 4 build/sgd_mpi -k 1
    [ "$status" -eq 1 ]
    [[ $output == *'sgd_mpi: build/checkpoint: No space left on device'* ]] || false
    cmp build/checkpoint before
}

@test "a rank that dies ends the job, and so does the launcher" {
    # shellcheck disable=SC2016 # expands in each rank
    run ranks 2 bash -c '[ "$OMPI_COMM_WORLD_RANK" -eq 0 ] || kill -9 $$; exec build/sgd_mpi'
    [ "$status" -ne 0 ]
    [[ $output == *'signal 9'* ]] || false
    # Both wait for data that never come; then the launcher is killed.
    [ "$(uname)" = Linux ] || return 0
    mkfifo never.bin
    # shellcheck disable=SC2016
    ranks 2 bash -c 'echo $PPID >launcher; echo $$ >"rank-$OMPI_COMM_WORLD_RANK"
        exec build/sgd_mpi never.bin' 3>&- &
    for _ in {1..200}; do
        [ ! -s rank-0 ] || [ ! -s rank-1 ] || break
        sleep 0.1
    done
    sleep 1 # until both are in sgd_mpi
    kill -9 "$(cat launcher)"
    for _ in {1..100}; do
        kill -0 "$(cat rank-0)" 2>/dev/null || kill -0 "$(cat rank-1)" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -9 "$(cat rank-0)" "$(cat rank-1)"
    false
}

@test "in Python the ranks give the answer of threads, and of the first epoch in C" {
    run -0 ranks 2 "$PY" -m mpi4py "$BATS_TEST_DIRNAME/sgd_mpi.py" build/flights.bin
    close=$(column answer mpi)
    awk -v a="$close" 'BEGIN { exit !(a > 0.4983 && a < 0.4986) }'
    run -0 limited "$PY" "$BATS_TEST_DIRNAME/sgd_mpi.py" build/flights.bin
    one=$(column answer mpi)
    run -0 limited build/sgd
    [ "$one" = "$(column answer serial)" ]
}

# In a network of its own each, joined by a cable, with a name of its own: two machines, as far as
# Open MPI can tell. The launcher reaches the second one through `agent`, as it would through ssh.
two_machines() {
    [ "$(id -u)" -eq 0 ] && command -v ip unshare hostname >/dev/null &&
        ip netns add sgd-one 2>/dev/null && touch made && ip netns add sgd-two || return 1
    ip link add sgd1 netns sgd-one type veth peer name sgd2 netns sgd-two || return 1
    for number in 1 2; do
        name=$([ $number = 1 ] && echo sgd-one || echo sgd-two)
        ip -n "$name" addr add "10.97.0.$number/24" dev "sgd$number"
        ip -n "$name" link set lo up && ip -n "$name" link set "sgd$number" up
    done
    printf '10.97.0.%d slots=1\n' 1 2 >hosts
    # shellcheck disable=SC2016 # expands in the agent
    printf '#!/bin/sh\nshift\nexec ip netns exec sgd-two unshare -u sh -c "hostname two; $*"\n' >agent
    chmod +x agent
}

teardown() {
    [ ! -e "$BATS_TEST_TMPDIR/made" ] || ip netns del sgd-one || true
    [ ! -e "$BATS_TEST_TMPDIR/made" ] || ip netns del sgd-two || true
}

@test "two machines, each in a network of its own, give the weights of two threads" {
    two_machines || skip 'network namespaces cannot be made here (as root, with iproute2)'
    # Open MPI does not quote its own path for the other machine: a link to it without a space.
    ln -s "$(dirname "$(dirname "$(command -v mpiexec)")")" open-mpi
    # shellcheck disable=SC2016 # expands in the namespace
    run -0 limited ip netns exec sgd-one unshare -u sh -c 'hostname one; exec "$@"' sh \
        mpiexec --prefix "$PWD/open-mpi" --allow-run-as-root --hostfile hosts \
        --prtemca plm_ssh_agent "$PWD/agent" --map-by node --mca pml ob1 --mca btl tcp,self \
        -n 2 build/sgd_mpi -k 1
    mv build/checkpoint over-sockets
    [ "$(ip netns exec sgd-one cat /sys/class/net/sgd1/statistics/tx_packets)" -gt 10 ]
    run -0 limited build/sgd_mpi -t 2 -k 1
    cmp build/checkpoint over-sockets
}

@test "a wrong option is refused once, and help given once, by all ranks together" {
    run ranks 2 build/sgd_mpi -t abc
    [ "$status" -eq 2 ]
    [ "$(grep -c "sgd_mpi: -t 'abc': expected a whole number from 1 to 64" <<<"$output")" -eq 1 ]
    run -0 ranks 2 build/sgd_mpi -h
    [ "$(grep -c usage <<<"$output")" -eq 1 ]
    for program in sgd_mpi.py projection_mpi.py; do
        run -0 ranks 2 "$PY" -m mpi4py "$BATS_TEST_DIRNAME/$program" -h
        [ "$(grep -c 'show this help' <<<"$output")" -eq 1 ]
    done
    run ranks 2 "$PY" -m mpi4py "$BATS_TEST_DIRNAME/sgd_mpi.py" none.bin
    [ "$status" -eq 2 ]
    [ "$(grep -c 'sgd_mpi.py: none.bin: No such file or directory' <<<"$output")" -eq 1 ]
}

@test "a number that is not finite is found by the rank whose part it is in" {
    for row in 200000 270000; do # the second one is held out
        in_python=()
        cp build/flights.bin bad.bin
        printf '\0\0\300\177' |
            dd of=bad.bin bs=4 seek=$((16 + 32 * row)) conv=notrunc status=none
        for program in build/sgd_mpi "$BATS_TEST_DIRNAME/sgd_mpi.py"; do
            [[ $program != *.py ]] || in_python=("$PY" -m mpi4py)
            run ranks 2 "${in_python[@]}" "$program" bad.bin
            [ "$status" -eq 2 ]
            [ "$(grep -c 'bad.bin: .*not finite' <<<"$output")" -eq 1 ]
        done
    done
}

@test "a rank that has another file ends the job" {
    mkdir elsewhere
    cp build/flights.bin .
    cp build/flights.bin elsewhere
    printf '\0' | dd of=elsewhere/flights.bin bs=1 seek=32 conv=notrunc status=none # of its optimum
    for program in "$PWD/build/sgd_mpi" "$BATS_TEST_DIRNAME/sgd_mpi.py"; do
        in_python=()
        [[ $program != *.py ]] || in_python=("$PY" -m mpi4py)
        # shellcheck disable=SC2016 # expands in each rank
        run ranks 2 bash -c '[ "$OMPI_COMM_WORLD_RANK" -eq 0 ] || cd elsewhere
            exec "$@" flights.bin' bash "${in_python[@]}" "$program"
        [ "$status" -eq 2 ]
        [ "$(grep -c 'flights.bin: rank 1 has another file than rank 0' <<<"$output")" -eq 1 ]
    done
}

@test "the projection follows its two models, and refuses what it cannot measure" {
    # Each of 2 workers sees 1000 rows of 2000 in an epoch, has to see 600; a message takes 1 ms.
    run -0 limited "$PY" -c "
import sys
sys.path.insert(0, '$BATS_TEST_DIRNAME')
sys.argv = ['projection_mpi.py']
import projection_mpi
projection_mpi.project(2000, 0.064, 1, 600, 0.001)"
    expected='1 2000 1 64.000 0.000 64.000 1.0 64.000
2 1000 1 32.000 1.000 33.000 1.9 65.000
4 500 2 32.000 4.000 36.000 1.8 66.000
8 250 3 24.000 9.000 33.000 1.9 67.000'
    [ "$(sed -n '2,5s/  *//p' <<<"$output" | tr -s ' ')" = "$expected" ]
    [[ $output == *'(a projection)'* ]] || false
    run ranks 1 "$PY" -m mpi4py "$BATS_TEST_DIRNAME/projection_mpi.py"
    [ "$status" -eq 2 ]
    [[ $output == *'projection_mpi.py: 1 ranks, but two are needed'* ]] || false
    run ranks 2 "$PY" -m mpi4py "$BATS_TEST_DIRNAME/projection_mpi.py" -t 64
    [ "$status" -eq 2 ]
    [ "$(grep -c 'build/mpi.json: no row of larger.c on 64 threads; make mpi' <<<"$output")" -eq 1 ]
}
