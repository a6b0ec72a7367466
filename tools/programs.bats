# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # Bats sets output, lines and status
# What holds for every program on bench.h or bench.py: each check once, in a loop over all of them.
load helper

setup() { cd "$BATS_TEST_DIRNAME/.." && openmp=$(sed -n 's/^OPENMP := //p' tools/build/probed.mk); }

# programs FOLDER ...: a line for each program: its folder, and the command that starts it there.
programs() {
    local folder file
    for folder in "$@"; do
        for file in "$folder"/*.c "$folder"/*.py "$folder"/other-languages/*.py; do
            case $file in
                *_mpi.*) ;; # not installed everywhere: mpi.bats
                *.c) ! grep -q '^int main' "$file" || echo "$folder build/$(basename "$file" .c)" ;;
                *) ! grep -qs '^    run(main)' "$file" || echo "$folder python ${file#"$folder/"}" ;;
            esac
        done
    done
}

# numbers COMMAND ...: a line for each option that is a whole number: letter, lowest, highest.
numbers() {
    COLUMNS=200 limited "$@" --help |
        sed -n 's/^  -\([a-z]\).* \([0-9]*\) to \([0-9]*\) (default: .*/\1 \2 \3/p'
}

# each CHECK FOLDER ...: call it in the folder of every program there, with the program's command.
each() {
    local check=$1 folder command checked=0
    shift
    while read -r folder command; do
        echo "$folder: $command"
        [[ $folder != 0[45]-* || $openmp == yes ]] || continue # not built
        # shellcheck disable=SC2086 # a command of several words
        (cd "$folder" && "$check" $command) || return 1
        checked=$((checked + 1))
    done < <(programs "$@")
    [ "$checked" -gt 0 ]
}

says_one_line() { # says_one_line CODE TEXT COMMAND ...: that on stderr, and no traceback
    local code=$1 text=$2
    shift 2
    run complaint "$@"
    [ "$status" -eq "$code" ] || return 1
    # libgomp has a line of its own about OMP_NUM_THREADS, before any program starts.
    [ "$(grep -v '^libgomp: ' <<<"$output" | grep -c .)" -eq 1 ] || return 1
    [[ $output == *"$text"* ]]
}

explains_itself() {
    run limited "$@" --help
    [ "$status" -eq 0 ] || return 1
    [[ $output != *" threads,"* || $output == *"(default: 2)"* ]]
}

@test "every example explains its options, and starts 2 threads unless told otherwise" {
    unset OMP_NUM_THREADS
    each explains_itself 0* tools
}

knows_its_options() {
    local letter low high value
    says_one_line 2 '' "$@" --nonsense || return 1
    says_one_line 2 '' "$@" -n || return 1
    ! COLUMNS=200 "$@" --help | grep -q '^  -[a-z] .*(default: [0-9]' || [ -n "$(numbers "$@")" ] || return 1
    while read -r letter low high; do
        for value in abc "$((high + 1))"; do
            says_one_line 2 "'$value': expected a whole number from $low to $high" \
                "$@" "-$letter" "$value" || return 1
        done
    done < <(numbers "$@")
}

@test "every example refuses in one line what it does not know and what is out of range" {
    each knows_its_options 0* tools
}

@test "whatever is no number in range is refused, in C and in Python alike" {
    cd 01-gil-demo
    for program in build/count "python count.py"; do
        for value in 0 -3 '' ' 1' 2.5 1e99 0x10 1,2 257 99999999999999999999999; do
            # shellcheck disable=SC2086 # a command of several words
            says_one_line 2 "-t" $program -t "$value"
            [[ $output == *"'$value': expected a whole number from 1 to 256"* ]] || false
        done
        # shellcheck disable=SC2086
        says_one_line 2 '' $program 5
    done
}

# In a copy of the folder, the commands at the head of the file, with the smallest -n.
does_what_its_head_says() {
    local folder=$BATS_TEST_TMPDIR/${PWD##*/} source=${*: -1} n
    [ -d "$folder" ] || cp -RP . "$folder"
    [[ $source == *.py ]] || source=$(basename "$source").c
    [[ $source != roofline.py || -e build/limits.json ]] || return 0 # it shows what is measured
    [[ $source != other_data.py ]] || return 0 # its data may be missing: chapter 5 tests it
    [[ $source != *_peers.py ]] || return 0 # Numba compiles for seconds: pictures.bats, once
    n=$(numbers "$@" | sed -n 's/^n \([0-9]*\) .*/-n \1/p')
    awk -v n="$n" '/^(#include|import)/ { exit }
        more || /^( \*     |    )(cc|mkdir|python3?) / {
            sub(/^[ *]*/, "")
            more = /\\$/
            print (/setup.py/ || more || !/python| && \.\// ? $0 : $0 " " n) (more ? "" : "; echo")
        }' "$source" >"$folder/head.sh"
    cat "$folder/head.sh"
    [ -s "$folder/head.sh" ] || return 1
    cd "$folder" || return 1
    run limited bash -e head.sh
    [ "$status" -eq 0 ] || return 1
    [[ $output != *'version          threads'* ]] || rows_are_well_formed
}

@test "the command at the head of every example works as typed, and its rows have one format" {
    ln -s "$PWD/tools" "$PWD/.venv" "$BATS_TEST_TMPDIR"
    each does_what_its_head_says 0*
}

needs_nothing() {
    [ "$1" = python ] || return 0
    shift
    # shellcheck disable=SC2046 # letter and number
    run -0 limited python -S -E "$@" $(numbers python "$@" | sed -n 's/^n \([0-9]*\) .*/-n \1/p')
}

@test "the Python of chapters 1 and 2 needs nothing but a bare Python" {
    each needs_nothing 01-* 02-*
}

says_what_to_type() {
    local folder=$BATS_TEST_TMPDIR/${PWD##*/}
    [ "$1" = python ] || return 0
    mkdir -p "$folder"
    tar -c -f - --exclude=build . | tar -x -C "$folder" -f -
    says_one_line 2 'type: make build' python -S "$folder/$2"
}

@test "the Python of the other chapters says in one line what to type before it is built" {
    ln -s "$PWD/tools" "$BATS_TEST_TMPDIR"
    each says_what_to_type 03-* 04-* 05-*
}

refuses_teams() {
    local value
    [[ $'\n'$(numbers "$@") == *$'\n't* ]] || return 0 # starts no threads
    for value in abc -3 99999 0 ''; do
        OMP_NUM_THREADS=$value says_one_line 2 "OMP_NUM_THREADS '$value': expected a whole number" \
            "$@" || return 1
    done
}

@test "an OMP_NUM_THREADS that is no number of threads is refused before OpenMP starts" {
    [ "$openmp" = yes ] || skip "no OpenMP here"
    each refuses_teams 04-* 05-*
}

@test "Ctrl-C and a closed pipe end a program at once and in silence" {
    for program in 01-gil-demo/build/count "python 01-gil-demo/count.py" "python 03-nogil-extension/primes.py"; do
        # shellcheck disable=SC2086 # a command of several words
        run limited "$PY" - $program <<'EOF'
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored, as in the background

def end(stop):
    command = [*sys.argv[1:], "-t", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        while not program.stdout.readline().startswith(b"sequential"):
            assert program.poll() is None
        stop(program)
        return program.wait(), program.stderr.read()

interrupted = lambda program: program.send_signal(signal.SIGINT)
for stop, code in (interrupted, -signal.SIGINT), (lambda program: program.stdout.close(), -signal.SIGPIPE):
    # On a busy machine a program may be done before it is stopped: once more, then.
    ends = []
    while (code, b"") not in ends:
        ends.append(end(stop))
        assert ends[-1] in {(code, b""), (0, b"")} and len(ends) < 20, ends
EOF
        echo "$program: $output"
        [ "$status" -eq 0 ]
    done
}

@test "256 threads in too little memory end in one line, exit 1" {
    { [ "$(uname)" = Linux ] && bash -c 'ulimit -v 300000' 2>/dev/null; } ||
        skip "ulimit -v does not work here"
    for program in build/count "python count.py"; do
        says_one_line 1 "start" \
            bash -c "cd 01-gil-demo && ulimit -v 300000 && exec $program -t 256 -n 3000000"
    done
}
