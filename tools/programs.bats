# shellcheck shell=bash disable=SC2016,SC2086,SC2154,SC2030,SC2031 # $program is a command of several words
# What holds for every program on bench.h or bench.py: each check once, in a loop over all of them.
load helper

setup() { cd "$BATS_TEST_DIRNAME/.." && openmp=$(sed -n 's/^OPENMP := //p' tools/build/probed.mk); }

# programs FOLDER ...: a line for each program: its folder, and the command that starts it there.
programs() {
    local folder
    for folder in "$@"; do
        grep -lsE '^int main|^    run\(main\)' "$folder"/*.c "$folder"/*.py "$folder"/other-languages/*.py
    done | sed -E '/_mpi\./d; s,/(.*)\.c$, build/\1,; s,/(.*\.py)$, python \1,' # MPI: see mpi.bats
}

# numbers COMMAND ...: a line for each of its options: letter, lowest, highest.
numbers() {
    COLUMNS=200 limited "$@" --help |
        sed -n 's/^  -\([a-z]\).* \([0-9]*\) to \([0-9]*\) (default: .*/\1 \2 \3/p'
}

# each CHECK FOLDER ...: call it in the folder of every program there, with the program's command.
each() {
    local folder command checked=0
    while read -r folder command; do
        echo "$folder: $command"
        [[ $folder != 0[45]-* || $openmp == yes ]] || continue # not built
        (cd "$folder" && "$1" $command) || return 1
        checked=$((checked + 1))
    done < <(programs "${@:2}")
    [ "$checked" -gt 0 ]
}

# says_one_line CODE TEXT COMMAND ...: that on stderr; what it prints goes to OUTPUT, a file.
says_one_line() {
    run limited bash -c '"$@" 2>&1 >"${OUTPUT:-/dev/null}"' _ "${@:3}"
    # libgomp has a line of its own about OMP_NUM_THREADS, before any program starts.
    [ "$status" -eq "$1" ] && [ "$(grep -v '^libgomp: ' <<<"$output" | grep -c .)" -eq 1 ] &&
        [[ $output == *"$2"* ]]
}

knows_its_options() {
    local letter low high
    run limited "$@" --help
    [ "$status" -eq 0 ] || return 1
    [[ $output != *" threads,"* || $output == *"(default: 2)"* ]] || return 1
    says_one_line 2 '' "$@" --nonsense || return 1
    OUTPUT=/dev/full says_one_line 1 '' "$@" --help || return 1
    while read -r letter low high; do
        says_one_line 2 "'$((high + 1))': expected a whole number from $low to $high" \
            "$@" "-$letter=$((high + 1))" || return 1
        [[ $letter != t || $PWD != */0[45]-* ]] || OMP_NUM_THREADS=abc says_one_line 2 OMP "$@" || return 1
    done < <(numbers "$@")
}

@test "every program explains its options, and refuses in one line what it does not know" {
    unset OMP_NUM_THREADS
    each knows_its_options 0* tools
}

@test "C and Python read numbers alike, and say in one line that there is no room" {
    run -0 tools/build/limits fma -t 1 # an option may stand behind a word
    [[ ${lines[-1]} == fma* ]] || false
    cd 01-gil-demo
    for program in build/count "python count.py"; do
        for value in abc 0 -3 '' ' 1' 2.5 257 99999999999999999999999; do
            says_one_line 2 "'$value': expected a whole number from 1 to 256" $program -t "$value"
        done
        says_one_line 2 '' $program 5
        says_one_line 2 '' $program -n
        OUTPUT=/dev/full says_one_line 1 '' $program -n 5
        ! bash -c 'ulimit -v 300000' || # too little for 256 threads
            says_one_line 1 start bash -c "ulimit -v 300000; exec $program -t 256 -n 3000000"
        [[ $program != python* ]] || # too few files for two processes
            says_one_line 1 open bash -c "ulimit -n 14; exec $program -n 1000"
    done
}

# In a copy of the folder, the commands at the head of the file, with the smallest -n. Their rows
# have as many words as the header.
does_what_its_head_says() {
    local folder=$BATS_TEST_TMPDIR/${PWD##*/} source=${*: -1}
    [[ $source == *.py ]] || source=$(basename "$source").c
    case $source in # its data may be missing; Numba compiles for seconds; needs measurements
        other_data.py | *_peers.py) return 0 ;;
        roofline.py) [ -e build/limits.json ] || return 0 ;;
    esac
    [ -d "$folder" ] || cp -RP . "$folder"
    awk -v n="$(numbers "$@" | sed -n 's/^n \([0-9]*\) .*/-n \1/p')" '/^(#include|import)/ { exit }
        more || /^( \*     |    )(cc|mkdir|python3?) / {
            sub(/^[ *]*/, "")
            more = /\\$/
            print (/setup.py/ || more || !/python| && \.\// ? $0 : $0 " " n) (more ? "" : "; echo")
        }' "$source" | tee "$folder/head.sh"
    cd "$folder" && [ -s head.sh ] || return 1
    run limited bash -e head.sh
    [ "$status" -eq 0 ] &&
        awk '$1 == "version" { n = NF; next } NF == 0 { n = 0 } n && NF != n { bad = 1 }
            END { exit bad }' <<<"$output"
}

@test "the command at the head of every example works as typed, and its rows have one format" {
    python3() { PYTHONIOENCODING=ascii python -S "$@"; } # bare, and the locale may have no UTF-8
    export -f python3
    ln -s "$PWD/tools" "$PWD/.venv" "$BATS_TEST_TMPDIR"
    each does_what_its_head_says 0*
}

says_what_to_type() {
    local folder=$BATS_TEST_TMPDIR/${PWD##*/}
    [ "$1" = python ] || return 0
    mkdir -p "$folder" && tar -c -f - --exclude=build . | tar -x -C "$folder" -f -
    says_one_line 2 'type: make build' env PYTHONPATH="$PWD/../tools" python -S "$folder/$2"
}

@test "the Python of the other chapters says in one line what to type before it is built" {
    each says_what_to_type 03-* 04-* 05-*
}

@test "OMP_NUM_THREADS is only looked at without -t, and is not more than the highest -t" {
    [ "$openmp" = yes ] || skip "no OpenMP here"
    cd 04-openmp-prange
    for program in build/add "python add.py"; do
        OMP_NUM_THREADS=abc run -0 limited $program -n 1000 -t 3
        [[ $output == *'at one moment: 3'* ]] || false
        OMP_NUM_THREADS=99999 run -0 limited $program -n 1000
        [[ $output == *'at one moment: 256'* ]] || false
    done
}

@test "Ctrl-C and a closed pipe end a program at once, in silence; Ctrl-C not where it is ignored" {
    for program in 01-gil-demo/build/count "python 01-gil-demo/count.py" "python 03-nogil-extension/primes.py"; do
        run -0 limited "$PY" - "$(numbers $program | sed -n 's/^n .* //p')" $program <<'EOF'
import os, signal, subprocess, sys

highest, *program = sys.argv[1:]
for ignored, options, code in (False, ["-n", highest], -signal.SIGINT), (True, [], 0):
    signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    with subprocess.Popen([*program, *options], stdout=-1, stderr=-1) as running:
        running.stdout.readline()  # it has begun
        running.send_signal(signal.SIGINT)
        assert running.communicate()[1] == b"" and running.returncode == code
reader, closed = os.pipe()
os.close(reader)
done = subprocess.run([*program, "-n", "9"], stdout=closed, stderr=-1)
assert done.returncode == -signal.SIGPIPE and done.stderr == b""
EOF
    done
}
