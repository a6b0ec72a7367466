# shellcheck shell=bash disable=SC2154,SC2030,SC2031,SC2016 # Bats sets output, lines and status;
# backticks are the pages'
load helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return
    tmp=$BATS_TEST_TMPDIR
}

# command NAME LINE ...: a shell script in $tmp.
command_named() {
    printf '#!/bin/sh\n' >"$tmp/$1"
    printf '%s\n' "${@:2}" >>"$tmp/$1"
    chmod +x "$tmp/$1"
}



# All but what was made, in a folder of its own.
copy_of_all() {
    mkdir -p "$tmp/copy"
    tar -C .. -c -f - --exclude=.git --exclude=.venv --exclude=build . | tar -x -C "$tmp/copy" -f -
}

# A folder of chosen commands only, to be a whole PATH.
path_with() {
    mkdir -p "$tmp/bin"
    for name in sh awk sed grep cat head tr mktemp rm mv mkdir basename dirname id env uname cut "$@"; do
        ln -sf "$(command -v "$name")" "$tmp/bin/"
    done
}

@test "an exercise's check makes the reader's copy once, never overwrites it, and tells 0, 1 and 2" {
    mkdir -p "$tmp/09-chapter/exercise"
    cd "$tmp/09-chapter/exercise"
    echo 'unfinished' >starter.txt
    cat >check.py <<'EOF'
from pathlib import Path
from exercise import check

def claims(work):
    yield "it is there", ""
    yield "it is finished", "" if work.read_text() == "finished\n" else "it is not"

check(Path(__file__).resolve().parent, ".txt", claims)
EOF
    export PYTHONPATH=$BATS_TEST_DIRNAME
    run -1 limited "$PY" check.py
    [[ $output == *"09-chapter/exercise/mine.txt is your copy of the starter"* ]] || false
    [[ $output == *"right    it is there"*"not yet  it is finished"*"it is not"*"make exercise-9"* ]] || false
    echo 'finished' >mine.txt
    run -0 limited "$PY" check.py
    [[ $output != *"not yet"* ]] || false
    [ "$(cat mine.txt)" = finished ]
    run -2 limited "$PY" check.py missing.txt
    [ "$output" = "check: 'missing.txt': no such file" ]
    # Work in two languages: the copy that is missing is made, and both are checked.
    sed 's/"\.txt"/(".txt", ".md")/' check.py >both.py
    echo 'unfinished' >starter.md
    run -1 limited "$PY" both.py
    [[ $output == *"mine.md is your copy"*"mine.txt"*"All right"*"mine.md"*"Not finished"* ]] || false
    [[ $output != *"mine.txt is your copy"* ]] || false
    echo 'finished' >mine.md
    run -0 limited "$PY" both.py
    [ "$(grep -c 'All right' <<<"$output")" -eq 2 ]
    echo 'unfinished' >mine.txt
    run -1 limited "$PY" both.py
    run -0 limited "$PY" both.py mine.md
    [[ $output != *"mine.txt"* ]] || false
}

@test "limits measures what is named or everything, and its multiply-adds fill whole registers" {
    run -2 build/limits reed
    [ "${#lines[@]}" -eq 1 ]
    run -0 limited build/limits -t 1
    rows_are_well_formed
    run -0 limited build/limits -t 1 fma
    [ "${#lines[@]}" -eq 3 ]
    # One register full in a nanosecond of CPU time: a fraction of what a processor can do, and more
    # than a loop reaches that does one number at a time, or waits for the one before.
    awk -v floor="$(sed -n 's/.* vectors of \([0-9]*\) floats.*/\1/p' <<<"$output")" \
        -v flops="$(column GFLOP/s fma)" -v busy="$(column busy fma)" \
        'BEGIN { print flops, busy, floor; exit !(floor > 0 && flops / busy > 2 * floor) }'
}

@test "make THREADS=3 passes -t 3 to what is measured, THREADS=all the number of CPUs" {
    run make -n -C ../01-gil-demo run THREADS=3
    [[ $output == *"count.py -t 3"* && $output == *"build/count -t 3"* ]] || false
    run make -n -C ../03-nogil-extension more THREADS=3
    [[ $output == *"grain.py -t 3"* ]] || false
    PATH=/usr/bin:/bin run make -n -C ../01-gil-demo run THREADS=all
    [[ $output == *"count.py -t $("$PY" cpus.py)"* ]] || false
    run make -n -C ../05-sgd-case-study run THREADS=100 # which has a limit of its own
    [[ $output == *"sgd.py -t 64"* ]] || false
    run -0 make -n -C ../01-gil-demo # a bare make builds and runs
    [[ $output == *measure.py*count.py* ]] || false
    [[ $output != *" -t "* ]] || false
    for wrong in abc 0 257 '2 3'; do
        run -2 make --no-print-directory -C .. chapter-1 THREADS="$wrong"
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == *"THREADS=$wrong: expected a number from 1 to 256, or all"* ]] || false
    done
}

@test "doctor is content with this machine, and an environment that is ready is not made again" {
    [ -z "$(limited sh setup.sh base)" ]
    run -0 limited sh doctor.sh
    [[ $output == *"ok   compiler"*"ok   python"*"ok   headers"*"ok   venv"* ]] || false
    [ "$(probed OPENMP)" = yes ] || skip "this compiler has no OpenMP"
    [[ $output == *"ok   openmp"* ]] || false
}

@test "doctor names what is missing and the install line of each system" {
    copy_of_all # where no .venv names an interpreter
    for manager in apt-get dnf brew; do
        rm -rf "${tmp:?}/bin"
        path_with
        command_named "bin/$manager"
        PATH=$tmp/bin CC=cc PYTHON='' run -1 sh "$tmp/copy/tools/doctor.sh" required
        [[ $output == *"a working C compiler (CC=cc)"*"a working Python 3.11 or newer (python3)"* ]] || false
        [[ ${lines[-1]} == *"$manager install"* ]] || false
    done
    [[ ${lines[-1]} == *"brew install llvm python"* ]] || false
}

@test "doctor tells a reader with a Python that is too old what works there" {
    path_with cc gcc ld as
    command_named bin/python3 'echo 3.9.18'
    PATH=$tmp/bin PYTHON=python3 run -1 sh doctor.sh required
    [[ $output == *"Python 3.11 or newer (python3 is 3.9.18)"*"uv python install 3.13"* ]] || false
    command_named bin/python3.12
    PATH=$tmp/bin PYTHON=python3 run sh doctor.sh required
    [[ ${lines[-1]} == *"make PYTHON=python3.12" ]] || false
}

@test "a wrong PYTHON= or CC= is to be corrected, not installed" {
    for wrong in PYTHON=/no/python CC=/no/cc; do
        run -1 env "$wrong" sh doctor.sh required
        [ "${#lines[@]}" -eq 3 ]
        [[ ${lines[0]} == "missing: $wrong does not "* ]] || false
        [[ ${lines[2]} == *"leave ${wrong%%=*}= out, or name a "* ]] || false
    done
}

@test "doctor sees that symbolic links were lost" {
    copy_of_all
    rm "$tmp/copy/01-gil-demo/bench.py" && echo ../tools/bench.py >"$tmp/copy/01-gil-demo/bench.py"
    run -1 sh "$tmp/copy/tools/doctor.sh"
    [[ $output == *"NO   links"*"git clone"* ]] || false
}

@test "set-up without a compiler stops before it makes anything" {
    copy_of_all
    CC=/nonexistent/cc run make -C "$tmp/copy" setup
    [ "$status" -ne 0 ]
    [[ $output == *"missing: CC=/nonexistent/cc does not compile a C program"* ]] || false
    [ ! -e "$tmp/copy/.venv" ]
}

@test "set-up leaves an environment alone that is somebody else's" {
    copy_of_all
    mkdir -p "$tmp/copy/.venv/bin"
    touch "$tmp/copy/.venv/mine"
    run limited make -C "$tmp/copy" setup
    [ "$status" -ne 0 ]
    [[ $output == *".venv here that make did not make"* ]] || false
    [ -e "$tmp/copy/.venv/mine" ]
}

# set_up_from INDEX: make setup in a copy, without caches or other sources of packages.
set_up_from() {
    PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL=$1 PIP_EXTRA_INDEX_URL='' PIP_FIND_LINKS='' PIP_CERT='' \
        PIP_TRUSTED_HOST='' PIP_NO_CACHE_DIR=1 run limited make -C "$tmp/copy" setup
    [ "$status" -ne 0 ]
    [ ! -e "$tmp/copy/.venv" ]
}

@test "set-up without a network says so, and leaves no half-made environment" {
    copy_of_all
    set_up_from http://127.0.0.1:1/ # nothing listens there
    [[ $output == *"is there a network?"* ]] || false
}

@test "an index whose certificate is not trusted is told apart from no network" {
    command -v openssl >/dev/null || skip "openssl is missing"
    copy_of_all
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/key" -out "$tmp/cert" -subj /CN=localhost \
        2>/dev/null
    limited "$PY" -c 'import http.server, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[1])
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, file=open(sys.argv[3], "w"), flush=True)
server.serve_forever()' "$tmp/key" "$tmp/cert" "$tmp/port" 3>&- 2>/dev/null &
    until [ -s "$tmp/port" ]; do sleep 0.1; done
    set_up_from "https://localhost:$(cat "$tmp/port")/"
    kill $!
    [[ $output == *"does not trust its certificate; set PIP_CERT"* ]] || false
}

@test "one chapter that fails does not keep make from the others" {
    copy_of_all
    ln -s "$BATS_TEST_DIRNAME/../.venv" "$tmp/copy/.venv"
    for chapter in "$tmp"/copy/0*; do
        printf 'build more:\nrun:\n\t@echo runs %s; [ %s != 02-threads-in-c ]\n' \
            "${chapter##*/}" "${chapter##*/}" >"$chapter/Makefile"
    done
    run limited make -C "$tmp/copy"
    [ "$status" -ne 0 ]
    [ "$(grep -c '^runs 0' <<<"$output")" -eq 5 ]
}

@test "what cannot be made is pointed to make help" {
    for target in chapter-6 chapter3 exercise; do
        run -2 make -C .. "$target"
        [[ $output == *"there is no '$target' to make; type make help"* ]] || false
    done
    run -2 make -C ../01-gil-demo chapter-1
    [[ $output == *"there is no 'chapter-1' to make here; in the folder above, type make chapter-1, or make help"* ]] || false
}

