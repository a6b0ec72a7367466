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

# example NAME SECONDS ANSWER: it prints two rows; its second takes the seconds given.
example() {
    command_named "$1" 'echo "an example"' 'echo "version threads answer seconds speedup busy shares"' \
        "echo 'one 1' $3 '1.000 1.00 1.00 100%'" "echo 'two 2' $3 '$2 9.99 2.00 50%|100%'" \
        'echo; echo "a note"'
}

# measure NAME OPTION ...: measure the script; what is stored is $tmp/a.json.
measure() {
    run limited "$PY" "$BATS_TEST_DIRNAME/measure.py" -o "$tmp/a.json" "${@:2}" -- "$1='$tmp/$1'"
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

@test "measure keeps the fastest run, recomputes the speed-up and stores what pyperf can read" {
    # The second row takes 0.9, 0.5, 0.25 and then 0.251 seconds: the last two agree.
    command_named fast "echo >>'$tmp/calls'" \
        "seconds=\$(echo 0.9 0.5 0.25 0.251 | cut -d ' ' -f \$(wc -l <'$tmp/calls'))" \
        'echo "an example"; echo "version threads answer seconds speedup busy shares"' \
        'echo "one 1 42 1.000 1.00 1.00 100%"' "echo \"two 2 42 \$seconds 9.99 2.00 50%|\$seconds\"" \
        'echo; echo "a note"'
    measure fast --budget 600
    [ "$status" -eq 0 ]
    [ "$(wc -l <"$tmp/calls")" -eq 4 ]
    [[ $output == "fast: an example"*"two"*"0.2500"*"4.00"*"2.00  50%|0.25"*"a note"* ]] || false
    [[ $output != *"9.99"* && $output != *"?"* ]] || false
    [[ $output != *$'\e'* ]] || false # plain text in a pipe
    run -0 limited "$PY" -m pyperf compare_to --table "$tmp/a.json" "$tmp/a.json"
    run limited "$PY" -m pyperf metadata "$tmp/a.json"
    for key in cpu_model_name usable_cpus system compiler python_version; do
        [[ $output == *"$key"* ]] || false
    done
}

@test "a row whose fastest runs never agree gets a mark, and one that had too few cores is named" {
    command_named moving "echo >>'$tmp/calls'" "runs=\$(wc -l <'$tmp/calls')" \
        'echo "version threads answer seconds speedup busy"' \
        "echo one 1 42 1.00 1.00 1.00; echo two 2 42 0.\$((90 - 8 * runs)) 9.99 0.95"
    measure moving --budget 0
    [ "$(wc -l <"$tmp/calls")" -eq 2 ] # at least two runs
    [[ $output == *"two"*"?0.74"*$'\n?: the two fastest runs differ by more than 3%: moving/two\nThe machine was busy: close'* ]] || false
    [[ $output != *"fewer cores"* ]] || false
    # So is one that beats the limit measured beside it.
    command_named limits 'echo "version threads answer seconds speedup busy GB/s"; echo add 1 - 1 1 1 40.0'
    command_named beats 'echo "version threads answer seconds speedup busy GB/s"; echo one 1 42 1 1 1 44.0'
    run limited "$PY" measure.py -o "$tmp/a.json" --limit add -- "limits='$tmp/limits'" "beats='$tmp/beats'"
    [[ $output == *110%*$'\nmore than the limit: beats/one\n'* ]] || false
    [ "$("$PY" cpus.py)" -gt 1 ] || skip "one CPU"
    # A run without its cores counts only if there is no other, fast as it may be.
    command_named apart "echo >>'$tmp/apart.calls'" 'echo "version threads answer seconds speedup busy"' \
        "[ \$(wc -l <'$tmp/apart.calls') -eq 1 ] && echo two 2 42 0.10 1 1.00 || echo two 2 42 0.50 1 2.00"
    measure apart --budget 600 --parallel apart/two
    [[ $output == *"two"*" 0.5000"* && $output != *busy:* ]] || false
    command_named alone 'echo "version threads answer seconds speedup busy"; echo two 2 42 0.50 1.00 0.99'
    measure alone
    [[ $output != *"The machine was busy"* ]] || false
    measure alone --parallel alone/two
    [[ $output == *$'\nother programs took cores from: alone/two\nThe machine was busy'* ]] || false
}

@test "an example that fails, prints no rows or changes its answer ends its table with one line" {
    no_table() { # no_table WHY NAME OPTION ...
        echo old >"$tmp/a.json"
        measure "${@:2}"
        [ "$status" -eq 1 ] && [[ $output == "no table: "*"$1" ]] && [ ! -e "$tmp/a.json" ]
    }
    command_named bad 'echo a table' 'echo "bad: no room" >&2' 'exit 1'
    no_table "/bad': exit code 1: bad: no room" bad
    command_named empty 'echo nothing here'
    no_table "it printed no rows" empty
    command_named untimed 'echo version threads answer; echo one 1 42'
    no_table "a row without its time: 'one 1 42'" untimed
    command_named double 'echo version threads answer seconds speedup busy' 'for i in 1 2; do echo one 1 42 1 1 1; done'
    no_table "a row comes twice: 'one 1 42 1 1 1'" double
    example good 0.250 42
    no_table "no such row: good/three" good --parallel good/three
    no_table "No such file or directory" gone
    example moody 0.250 '$$' # the process number: another answer in each run
    no_table "moody/one: the answer changes from run to run" moody
    # Only rows that are named as wrong on purpose may do so.
    no_table "moody/two: the answer changes from run to run" moody --varies moody/one
    measure moody --varies moody/one moody/two
    [ "$status" -eq 0 ]
}

# page: a chapter with a README, which has a strip, and a table with its remark.
page() {
    mkdir -p "$tmp/09-chapter/build"
    printf 'a strip\n██  ██\n' >"$tmp/09-chapter/build/strip.txt"
    printf '%s\n' '# 9 · A page' before '<!-- output: build/strip.txt -->' old '<!-- end -->' \
        '<!-- table: build/a.json -->' old '<!-- end -->' '' '> Look at `shares` and' '> [this](that).' \
        '' after '## Question' '' 'How fast?' '' '## Next' '' 'More.' >"$tmp/09-chapter/README.md"
}

# publish: let results.py write the page.
publish() { run limited "$PY" results.py readme "$tmp/09-chapter/README.md"; }

@test "results and what was printed come between a README's markers, and nothing else changes" {
    page
    example fast 0.250 42
    COMPLETE_RUN=today measure fast
    mv "$tmp/a.json" "$tmp/09-chapter/build"
    for _ in once again; do
        publish
        [ "$output" = "$tmp/09-chapter/README.md: build/strip.txt build/a.json" ]
    done
    run cat "$tmp/09-chapter/README.md"
    [[ $output == '# 9 · A page
before
<!-- output: build/strip.txt -->
```text
a strip
██  ██
```
<!-- end -->
<!-- table: build/a.json -->
```text
fast: an example'*"4.00"*'
<!-- end -->

> Look at `shares` and
> [this](that).

after'* ]] || false
    [[ $output != *old* ]] || false
}

@test "what is marked, missing or not of one complete run comes into no README, unless it is forced" {
    refused() { # refused WHY: and the page is as it was
        publish
        [ "$status" -eq 1 ] && cmp "$tmp/09-chapter/README.md" "$tmp/before" &&
            [[ $output == *"$1"*"nothing is written; FORCE=yes writes it all the same" ]]
    }
    page
    cp "$tmp/09-chapter/README.md" "$tmp/before"
    refused "build/a.json: not measured"
    command_named moving "echo >>'$tmp/calls'" 'echo "version threads answer seconds speedup busy"' \
        "echo one 1 42 \$(wc -l <'$tmp/calls') 1.00 1.00"
    COMPLETE_RUN=today measure moving --budget 0
    mv "$tmp/a.json" "$tmp/09-chapter/build"
    refused "build/a.json: ?: the two fastest runs differ by more than 3%: moving/one"
    example fast 0.250 42
    measure fast
    mv "$tmp/a.json" "$tmp/09-chapter/build"
    refused "not all of one run of"
    FORCE=yes publish
    [ "$status" -eq 0 ]
    grep -q 'fast: an example' "$tmp/09-chapter/README.md"
}

@test "a remark stands under its table, and the columns that it names stay on a narrow terminal" {
    page
    example fast 0.250 42
    table=$tmp/09-chapter/build/a.json
    run limited "$PY" measure.py -o "$table" fast="'$tmp/fast'"
    [[ $output == *"two"*"50%|100%"*$'a note\n\nLook at `shares` and this.' ]] || false
    BRIEF=yes run limited "$PY" measure.py -o "$table" fast="'$tmp/fast'"
    [ "${#lines[@]}" -eq 1 ]
    PYTHONPATH=. run -0 limited "$PY" -c 'import pathlib, sys, page, results
path = pathlib.Path(sys.argv[1])
results.show(results.load(path), page.console_for(width=54, force_terminal=True), page.remark(path))
' "$table"
    [[ $output == *answer*shares* && $output == *"50%|100%"* ]] || false
    [[ $output != *█* && $output != *threads* ]] || false
}

@test "every table that a chapter measures has a remark on its page, and every page its tables" {
    for chapter in ../0*/; do
        pages=$(grep -oE '<!-- (table|output|more): [^ ]+' "$chapter/README.md" | sed 's/.* //' | sort)
        made=$(grep -oE -- '-o build/[a-z_]+[.](json|txt)' "$chapter/Makefile" | sed 's/-o //' | sort)
        # Two explain themselves.
        [ "$pages" = "$(grep -vE 'free_threaded|interpreters' <<<"$made")" ]
        for table in $pages; do
            [ -n "$("$PY" -c 'import pathlib, sys, page; print(page.remark(pathlib.Path(sys.argv[1])))' \
                "$chapter$table")" ] || { echo "$chapter$table"; false; }
        done
    done
}

@test "a chapter's question waits for a guess on a terminal only, and not for ever" {
    page
    run -0 limited "$PY" page.py next "$tmp/09-chapter"
    [[ $output == "More."*"make"*"more-9" ]] || false
    run -0 limited "$PY" page.py question --wait "$tmp/09-chapter"
    [[ $output == "9 · A page"*"How fast?" ]] || false
    sed 's/^PATIENCE = .*/PATIENCE = 0.1/; s/press Enter/wait/' page.py >"$tmp/page.py"
    at_a_terminal() { # at_a_terminal CI SCRIPT: its output there, and its exit status
        run -0 limited env CI="$1" "$PY" -c 'import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
try:
    while more := os.read(terminal, 1000):
        seen += more
        if b"press Enter" in seen:
            os.write(terminal, b"\n")
except OSError:  # the end, on Linux
    pass
print(seen.decode(), os.waitpid(pid, 0)[1])' "$PY" "$2" question --wait "$tmp/09-chapter"
        [[ $output == *"How fast?"*" 0" ]]
    }
    sed 's/^PATIENCE = .*/PATIENCE = 10**6/' page.py >"$tmp/patient.py"
    at_a_terminal yes "$tmp/patient.py"
    [[ $output != *"Guess"* ]] || false
    at_a_terminal '' "$tmp/patient.py"
    [[ $output == *"Guess, then press Enter"* ]] || false
    at_a_terminal '' "$tmp/page.py"
    [[ $output == *"Guess, then wait"* ]] || false
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

@test "a file of the reader's own in build/ is no measurement, and does not get in the way" {
    mkdir -p "$tmp/01-chapter/build"
    example fast 0.250 42
    measure fast --headline fast/two
    mv "$tmp/a.json" "$tmp/01-chapter/build/ours.json"
    cd "$tmp/01-chapter/build"
    for theirs in '{}' '[]' '{"traceEvents": []}' 'no JSON'; do
        echo "$theirs" >theirs.json
        run -1 limited "$PY" "$BATS_TEST_DIRNAME/results.py" table theirs.json
        [ "$output" = "results: theirs.json: not a stored measurement" ]
        run -0 limited "$PY" "$BATS_TEST_DIRNAME/results.py" summary "$PWD/ours.json" "$PWD/theirs.json"
        [[ $output == *two*4.00* ]] || false
    done
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

@test "a run of no tests is not a pass" {
    mkdir "$tmp/none" && printf '# nothing\n' >"$tmp/none/test.bats"
    run limited "$PY" test.py "$tmp/none"
    [ "$status" -ne 0 ]
    [ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ] # the file that did not run
    mkdir "$tmp/some"
    printf '@test "a" {\n true\n}\n@test "b" {\n false\n}\n@test "c" {\n skip "no"\n}\n' >"$tmp/some/test.bats"
    run limited "$PY" test.py "$tmp/some"
    [ "$status" -ne 0 ]
    [[ ${lines[0]} == *"some/test.bats: 1 passed, 1 failed, 1 skipped" ]] || false
    [[ $output == *$'failed:\n'*"some/test.bats: b in "* ]] || false
    [ "${lines[-1]}" = "1 passed, 1 failed, 1 skipped" ]
    VERBOSE=yes run limited "$PY" test.py "$tmp/some"
    [[ $output == *"ok 1 a"*"not ok 2 b"* ]] || false
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

@test "make help lists the targets, and every README's links lead somewhere" {
    run -0 make -C .. help
    for target in all chapter-N exercise-N test doctor lint clean distclean; do
        [[ $output == *"make $target"* ]] || false
    done
    cd ..
    for page in README.md 0*/README.md 0*/*/README.md guide/*.md; do
        while read -r link; do
            [ -e "$(dirname "$page")/$link" ] || { echo "$page: $link"; false; }
        done < <(grep -oE '\]\([^):# ]+[)#]' "$page" | sed 's/^](//; s/.$//')
    done
}
