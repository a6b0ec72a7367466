# shellcheck shell=bash disable=SC2154 # Bats sets output, lines and status
load helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return
    tmp=$BATS_TEST_TMPDIR
}

# An example that prints two rows; its second takes the seconds given.
example() {
    {
        printf '#!/bin/sh\necho "an example"\n'
        printf 'echo "version threads answer seconds speedup busy shares"\n'
        printf 'echo "one 1 %s 1.000 1.00 1.00 100%%"\n' "$3"
        printf 'echo "two 2 %s %s 9.99 2.00 50%%|100%%"\necho\necho "a note"\n' "$3" "$2"
    } >"$tmp/$1"
    chmod +x "$tmp/$1"
}

# A folder of chosen commands only, to be a whole PATH.
path_with() {
    mkdir -p "$tmp/bin"
    for name in sh awk sed grep cat head tr mktemp rm mv mkdir basename dirname id env uname cut "$@"; do
        ln -sf "$(command -v "$name")" "$tmp/bin/"
    done
}

@test "measure keeps the medians, recomputes the speed-up and stores what pyperf can read" {
    example fast 0.250 42
    run limited "$PY" measure.py -o "$tmp/a.json" --repeat 3 "fast='$tmp/fast'"
    [ "$status" -eq 0 ]
    [[ $output == *"two"*"0.2500"*"4.00"* ]] || false
    [[ $output != *"9.99"* && $output != *"a note"* ]] || false
    [[ $output == *"median of 3 runs"* ]] || false
    run limited "$PY" -m pyperf compare_to --table "$tmp/a.json" "$tmp/a.json"
    [ "$status" -eq 0 ]
    run limited "$PY" -m pyperf metadata "$tmp/a.json"
    for key in cpu_model_name usable_cpus system compiler python_version; do
        [[ $output == *"$key"* ]] || false
    done
}

@test "output to a pipe is plain text, and no row is folded" {
    example fast 0.250 42
    run limited "$PY" measure.py -o "$tmp/a.json" --repeat 1 "fast='$tmp/fast'"
    [[ $output != *$'\e'* ]] || false
    [[ $(grep -c '50%|100%' <<<"$output") -eq 1 ]] || false
}

@test "measure passes on the exit code of an example that fails, and stores nothing" {
    printf '#!/bin/sh\necho broken\nexit 1\n' >"$tmp/bad"
    chmod +x "$tmp/bad"
    run limited "$PY" measure.py -o "$tmp/a.json" "bad='$tmp/bad'"
    [ "$status" -eq 1 ]
    [[ $output == *"exit 1"* ]] || false
    [ ! -e "$tmp/a.json" ]
}

@test "measure refuses rows that it cannot read, and answers that change" {
    printf '#!/bin/sh\necho nothing here\n' >"$tmp/bad"
    chmod +x "$tmp/bad"
    run limited "$PY" measure.py -o "$tmp/a.json" "bad='$tmp/bad'"
    [ "$status" -eq 1 ]
    [[ $output == *"it printed no rows"* ]] || false
    example moody 0.250 "\$\$" # the process number: another answer in each run
    run limited "$PY" measure.py -o "$tmp/a.json" --repeat 2 "moody='$tmp/moody'"
    [ "$status" -eq 1 ]
    [[ $output == *"the answer changes from run to run"* ]] || false
    run limited "$PY" measure.py -o "$tmp/a.json" "gone=$tmp/gone"
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == *"No such file"* ]] || false
}

@test "an answer may change only in the rows that are named as wrong on purpose" {
    example moody 0.250 "\$\$"
    run limited "$PY" measure.py -o "$tmp/a.json" --repeat 2 --varies moody/one moody/two \
        -- "moody=$tmp/moody"
    [ "$status" -eq 0 ]
    run limited "$PY" measure.py -o "$tmp/a.json" --repeat 2 --varies moody/one -- "moody=$tmp/moody"
    [ "$status" -eq 1 ]
    [[ $output == *"moody two: the answer changes from run to run"* ]] || false
}

@test "what a program printed comes between a README's markers as it is" {
    printf 'a strip\n██  ██\n' >"$tmp/strip.txt"
    printf 'before\n<!-- output: strip.txt -->\nold\n<!-- end -->\nafter\n' >"$tmp/README.md"
    limited "$PY" results.py readme "$tmp/README.md"
    [ "$(cat "$tmp/README.md")" = "before
<!-- output: strip.txt -->
\`\`\`text
a strip
██  ██
\`\`\`
<!-- end -->
after" ]
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
    run limited "$PY" check.py
    [ "$status" -eq 1 ]
    [[ $output == *"09-chapter/exercise/mine.txt is your copy of the starter"* ]] || false
    [[ $output == *"right    it is there"*"not yet  it is finished"*"it is not"*"make exercise-9"* ]] || false
    echo 'finished' >mine.txt
    run limited "$PY" check.py
    [ "$status" -eq 0 ]
    [[ $output != *"not yet"* ]] || false
    [ "$(cat mine.txt)" = finished ]
    run limited "$PY" check.py missing.txt
    [ "$status" -eq 2 ]
    [ "$output" = "check: 'missing.txt': no such file" ]
}

@test "results come between a README's markers, twice the same, and nothing else changes" {
    example fast 0.250 42
    limited "$PY" measure.py -o "$tmp/a.json" --repeat 1 "fast='$tmp/fast'"
    printf 'before\n<!-- table: a.json -->\nold\n<!-- end -->\nafter\n<!-- table: b.json -->\nkept\n<!-- end -->\n' \
        >"$tmp/README.md"
    limited "$PY" results.py readme "$tmp/README.md"
    cp "$tmp/README.md" "$tmp/once"
    limited "$PY" results.py readme "$tmp/README.md"
    cmp "$tmp/README.md" "$tmp/once"
    run cat "$tmp/README.md"
    [[ ${lines[0]} == before && ${lines[-1]} == "<!-- end -->" ]] || false
    [[ $output != *old* && $output == *kept* && $output == *after* && $output == *"4.00"* ]] || false
}

@test "results says so when a file is not a measurement" {
    echo '{}' >"$tmp/a.json"
    run limited "$PY" results.py table "$tmp/a.json"
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == *"a.json: not a stored measurement"* ]] || false
}

@test "make limits measures the machine and stores what it saw" {
    mkdir "$tmp/tools"
    printf '#!/bin/sh\necho "version threads answer seconds speedup busy"\necho "fma 1 - 0.1 1.00 1.00"\n' \
        >"$tmp/limits"
    chmod +x "$tmp/limits"
    run limited "$PY" measure.py -o "$tmp/limits.json" --cflags= --repeat 1 "limits='$tmp/limits'"
    [ "$status" -eq 0 ]
    grep -q -- '--cflags="-O3' <<<"$(make -n -o build/limits run 2>/dev/null)"
}

@test "limits measures every kind of work, or those named" {
    run limited build/limits fma
    [ "$status" -eq 0 ]
    rows_are_well_formed
    [ "$(column threads fma)" = 1 ]
    awk -v flops="$(column GFLOP/s fma)" 'BEGIN { exit !(flops > 0.1) }'
    run build/limits reed
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
}

@test "doctor is content with this machine" {
    run limited sh doctor.sh
    [ "$status" -eq 0 ]
    [[ $output == *"ok   compiler"*"ok   python"*"ok   headers"*"ok   venv"* ]] || false
    [ "$(probed OPENMP)" = yes ] || skip "this compiler has no OpenMP"
    [[ $output == *"ok   openmp"* ]] || false
}

@test "doctor names what is missing and the install line of each system" {
    for manager in apt-get dnf brew; do
        rm -rf "${tmp:?}/bin"
        path_with
        printf '#!/bin/sh\n' >"$tmp/bin/$manager"
        chmod +x "$tmp/bin/$manager"
        PATH=$tmp/bin CC=cc PYTHON=python3 run sh doctor.sh required
        [ "$status" -eq 1 ]
        [[ $output == *"missing: a working C compiler (CC=cc)"* ]] || false
        [[ $output == *"missing: a working Python 3.11 or newer (PYTHON=python3)"* ]] || false
        [[ ${lines[-1]} == *"$manager install"* ]] || false
    done
    [[ ${lines[-1]} == *"brew install llvm python" ]] || false
}

@test "doctor refuses a Python that is too old" {
    path_with cc gcc ld as
    printf '#!/bin/sh\necho 3.9.18\n' >"$tmp/bin/python3"
    chmod +x "$tmp/bin/python3"
    PATH=$tmp/bin:$PATH PYTHON=python3 run sh doctor.sh required
    [ "$status" -eq 1 ]
    [[ $output == *"Python 3.11 or newer (PYTHON=python3 is 3.9.18)"* ]] || false
}

@test "set-up without a compiler stops before it makes anything" {
    mkdir -p "$tmp/copy" && cp -r ../Makefile ../0* "$tmp/copy/"
    mkdir "$tmp/copy/tools" && cp -r Makefile ./*.sh ./*.mk ./*.py requirements "$tmp/copy/tools/"
    CC=/nonexistent/cc run make -C "$tmp/copy" setup
    [ "$status" -ne 0 ]
    [[ $output == *"missing: a working C compiler (CC=/nonexistent/cc)"* ]] || false
    [ ! -e "$tmp/copy/.venv" ]
}

@test "set-up leaves an environment alone that is somebody else's" {
    mkdir -p "$tmp/copy/.venv/bin" && cp -r ../Makefile "$tmp/copy/"
    mkdir "$tmp/copy/tools" && cp -r Makefile ./*.sh ./*.mk ./*.py requirements "$tmp/copy/tools/"
    touch "$tmp/copy/.venv/mine"
    run limited make -C "$tmp/copy" setup
    [ "$status" -ne 0 ]
    [[ $output == *".venv here that make did not make"* ]] || false
    [ -e "$tmp/copy/.venv/mine" ]
}

@test "set-up without a network says so, and leaves no half-made environment" {
    mkdir -p "$tmp/copy" && cp -r ../Makefile ../0* "$tmp/copy/"
    mkdir "$tmp/copy/tools" && cp -r Makefile ./*.sh ./*.mk ./*.py requirements "$tmp/copy/tools/"
    # Nothing listens on port 1 of this machine; the caches and other sources are left out.
    PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL=http://127.0.0.1:1/ PIP_EXTRA_INDEX_URL='' PIP_FIND_LINKS='' \
        PIP_NO_CACHE_DIR=1 run limited make -C "$tmp/copy" setup
    [ "$status" -ne 0 ]
    [[ $output == *"is there a network?"* ]] || false
    [ ! -e "$tmp/copy/.venv" ]
}

@test "an environment that is ready is not made again" {
    run limited sh setup.sh base
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "a run of no tests is not a pass" {
    mkdir "$tmp/none" && printf '# nothing\n' >"$tmp/none/test.bats"
    run limited "$PY" test.py "$tmp/none"
    [ "$status" -ne 0 ]
    [[ $output == *"0 passed, 0 failed, 0 skipped" ]] || false
    mkdir "$tmp/some"
    printf '@test "a" {\n true\n}\n@test "b" {\n false\n}\n@test "c" {\n skip "no"\n}\n' >"$tmp/some/test.bats"
    run limited "$PY" test.py "$tmp/some"
    [ "$status" -ne 0 ]
    [ "${lines[-1]}" = "1 passed, 1 failed, 1 skipped" ]
}

@test "a bare make in a chapter builds and runs it" {
    run make -n -C ../01-gil-demo
    [ "$status" -eq 0 ]
    [[ $output == *measure.py*count.py* ]] || false
}

@test "make help lists the targets, and every README's links lead somewhere" {
    run make -C .. help
    [ "$status" -eq 0 ]
    for target in all chapter-N exercise-N test doctor lint clean distclean; do
        [[ $output == *"make $target"* ]] || false
    done
    cd ..
    for page in README.md 0*/README.md; do
        while read -r link; do
            [ -e "$(dirname "$page")/$link" ] || { echo "$page: $link"; false; }
        done < <(grep -oE '\]\([^):# ]+[)#]' "$page" | sed 's/^](//; s/.$//')
    done
}
