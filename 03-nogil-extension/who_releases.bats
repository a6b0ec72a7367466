# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # Bats sets status, output and lines
load ../tools/helper

setup() {
    cd "$BATS_TEST_DIRNAME" || return 1
    py=$PY
}

# answers TEXT EXIT ARGUMENT ...: the program answers so. "unclear" is no wrong answer, so it is
# asked again, and where it stays unclear there is nothing to test.
answers() {
    local text=$1 code=$2
    shift 2
    for _ in 1 2 3; do
        run "${wrapper:-limited}" "$py" "${program:-who_releases.py}" "$@"
        echo "$output"
        [[ $output == unclear:* ]] || break
    done
    [[ $output != unclear:* ]] || skip "this machine is too busy"
    # shellcheck disable=SC2053 # the text is a pattern
    [ "$status" -eq "$code" ] && [ "${#lines[@]}" -eq 1 ] && [[ $output == $text ]]
}

# fails_with TEXT ARGUMENT ...: exit 2, and one line with this text
fails_with() {
    local text=$1
    shift
    run limited "$py" who_releases.py "$@"
    echo "$output"
    [ "$status" -eq 2 ] && [ "${#lines[@]}" -eq 1 ] && [[ $output == "who_releases.py: "*"$text"* ]]
}

a_python_loop_takes_turns() { answers 'takes turns (*)' 1 'for i in range(800_000): pass'; }

@test "who_releases.py knows calls that release the GIL" {
    gil_is_on || skip "this interpreter has no GIL"
    answers 'releases it (* ms)' 0 -s 'import time' 'time.sleep(0.02)'
    answers 'releases it (* ms)' 0 -s 'import hashlib; b = bytes(20_000_000)' 'hashlib.sha256(b)'
    answers 'releases it (* ms)' 0 -s 'import zlib' -s 'b = bytes(5_000_000)' 'zlib.compress(b)'
    answers 'releases it (* ms)' 0 -s 'import hashlib; b = bytes(20_000)' 'hashlib.sha256(b)'
}

@test "who_releases.py knows calls that hold it, and calls that hold it most of the time" {
    gil_is_on || skip "this interpreter has no GIL"
    held='holds it (longest wait of another thread * ms of * ms)'
    answers "$held" 1 -s 'import json; d = [{"a": i} for i in range(40_000)]' 'json.dumps(d)'
    answers "$held" 1 '7**200_000'
    naps='import ctypes, time; nap = ctypes.PyDLL(None).usleep' # PyDLL keeps the GIL, CDLL would not
    answers "$held" 1 -s "$naps" 'nap(20_000)'
    answers 'releases it for part of the call (* ms of * ms)' 1 -s "$naps" 'nap(30_000)' 'time.sleep(0.015)'
}

@test "who_releases.py knows Python code, which takes turns" {
    gil_is_on || skip "this interpreter has no GIL"
    a_python_loop_takes_turns
}

@test "who_releases.py is right on one core, too" {
    gil_is_on || skip "this interpreter has no GIL"
    wrapper=on_one_core
    a_python_loop_takes_turns
    answers 'releases it (*)' 0 -s 'import hashlib; b = bytes(20_000_000)' 'hashlib.sha256(b)'
    answers 'holds it (*)' 1 '7**200_000'
}

@test "without a long switch interval a Python loop seems to release the GIL, which the check catches" {
    gil_is_on || skip "this interpreter has no GIL"
    sed 's/calls, 1 + 10 \* first.seconds/calls, interval/; s/ = run.seconds < interval/ = True/' \
        who_releases.py >"$BATS_TEST_TMPDIR/twin.py"
    program=$BATS_TEST_TMPDIR/twin.py
    run a_python_loop_takes_turns
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"releases it ("* ]] || false
}

@test "without controls a starved watcher is taken for a held GIL, which the check catches" {
    gil_is_on || skip "this interpreter has no GIL"
    # A watcher that naps for long is as blind as one that gets no core.
    sed '/def run/,/append/s/NAP/0.1/; s/^PATIENCE = .*/PATIENCE = 0.1/' who_releases.py \
        >"$BATS_TEST_TMPDIR/blind.py"
    sed '/def run/,/append/s/NAP/0.1/; s/evidence += .*/evidence += 1/' who_releases.py \
        >"$BATS_TEST_TMPDIR/twin.py"
    sleeping=(-s 'import time' 'time.sleep(0.02)')
    run limited "$py" "$BATS_TEST_TMPDIR/blind.py" "${sleeping[@]}"
    echo "$output"
    [ "$status" -eq 3 ]
    [[ $output == unclear:* ]] || false
    run limited "$py" "$BATS_TEST_TMPDIR/twin.py" "${sleeping[@]}"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == "holds it ("* ]] || false
}

@test "who_releases.py does not guess about a call that is too short" {
    gil_is_on || skip "this interpreter has no GIL"
    answers 'too short to judge: 0.* ms a call; give it more data' 3 'pass'
    answers 'too short to judge: 0.* ms a call; give it more data' 3 -s 'd = {"a": 1}' 'len(d)'
}

@test "who_releases.py --json prints one object, and exits with the same codes" {
    gil_is_on || skip "this interpreter has no GIL"
    answers '{*"verdict": "releases"*}' 0 --json -s 'import time' 'time.sleep(0.01)' 'time.sleep(0.01)'
    "$py" -c 'import json, sys
a = json.loads(sys.argv[1])
assert a["statement"] == "time.sleep(0.01)\ntime.sleep(0.01)" and a["setup"] == "import time", a
assert 0.02 <= a["seconds"] and 0 < a["longest_wait"] <= a["seconds"] / 2, a
assert a["switch_interval"] == 0.005 and a["gil"] is True, a
assert a["python"] == sys.version.split()[0], a' "$output"
    answers '{*"verdict": "holds"*}' 1 --json '7**200_000'
    answers '{*"verdict": "too short"*}' 3 --json 'pass'
}

@test "what the statement prints goes to stderr" {
    limited "$py" who_releases.py 'print("hello")' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || true
    [ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq 1 ]
    grep -qx hello "$BATS_TEST_TMPDIR/err"
}

@test "a statement that fails, and wrong use, end in one line and with exit code 2" {
    fails_with 'the statement fails: ZeroDivisionError: division by zero' '1 / 0'
    fails_with 'the statement fails: SyntaxError: ' 'x ='
    fails_with 'the statement fails: SystemExit: 0' 'exit(0)'
    fails_with 'the statement fails: ValueError: two' 'raise ValueError("two\nlines")'
    fails_with 'the statement fails: RuntimeError: later' -s 'n = iter(range(4))' \
        'if next(n) == 3: raise RuntimeError("later")'
    fails_with "the setup fails: ModuleNotFoundError: No module named 'nothing'" -s 'import nothing' pass
    fails_with 'the setup fails: SyntaxError: ' -s 'for' pass
    fails_with 'argument -s: ' -s 'import time'
    fails_with 'argument -s/--setup: ' pass -s
    fails_with '--bogus' --bogus pass
    run limited "$py" who_releases.py --help
    [ "$status" -eq 0 ]
    [[ $output == *--json* ]] || false
}

@test "Ctrl-C ends who_releases.py in one line, with exit code 130" {
    cat >"$BATS_TEST_TMPDIR/interrupt.py" <<'EOP'
import signal, subprocess, sys
statement = "import time; print('here', flush=True); time.sleep(100)"
program = subprocess.Popen(
    [sys.executable, "who_releases.py", statement], stderr=subprocess.PIPE, text=True
)
assert program.stderr.readline() == "here\n"
program.send_signal(signal.SIGINT)
errors = program.communicate(timeout=60)[1]
assert (program.returncode, errors) == (130, "who_releases.py: interrupted\n"), (program.returncode, errors)
EOP
    run limited "$py" "$BATS_TEST_TMPDIR/interrupt.py"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "who_releases.py works alone in another folder, imports from there, and needs no packages" {
    mkdir "$BATS_TEST_TMPDIR/my project"
    cp who_releases.py "$BATS_TEST_TMPDIR/my project"
    cd "$BATS_TEST_TMPDIR/my project" || return 1
    echo 'import time; nap = lambda: time.sleep(0.02)' >mine.py
    run limited "$py" -I -S who_releases.py -s 'import mine' 'mine.nap()'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == "releases it ("* || $output == "there is no GIL to hold"* ]] || false
}

@test "without a statement there is a table with a row for each call" {
    gil_is_on || skip "this interpreter has no GIL"
    # The format is the point here, so one good control is enough.
    run limited "$py" -c 'import who_releases as w; w.ENOUGH = 0.5; w.table(False)'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == 'who releases the GIL? CPython 3.'*', switch interval 5.0 ms' ]] || false
    [[ ${lines[1]} == call*time*'longest wait'*verdict ]] || false
    row=' +[0-9.e-]+ ms +[0-9.e-]+ ms  (releases|releases part|takes turns|holds|too short|unclear)$'
    rows=$(grep -cE "$row" <<<"$output")
    [ "$rows" -ge 17 ]
    grep -qE '^hashlib\.sha256\(data\) .*  (releases|unclear)$' <<<"$output"
    grep -qE '^json\.dumps\(d\) .*  (holds|unclear)$' <<<"$output"
    grep -qE '^for i in range\(1_000_000\): pass .*  (takes turns|unclear)$' <<<"$output"
    [ "$(("$rows" + 2))" -eq "${#lines[@]}" ] ||
        [ "$(tail -n 1 <<<"$output")" = "NumPy is not installed: calls left out: 5" ]
}

@test "the table leaves NumPy out where there is none, and survives a call that fails" {
    gil_is_on || skip "this interpreter has no GIL"
    calls='[("import time", "time.sleep(0.02)"), ("import nothing", "nothing()"), (w.NUMPY + "0", "a")]'
    run limited "$py" -c "import who_releases as w; w.CALLS = $calls
w.importlib.util.find_spec = lambda name: None
w.table(False)"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ ${lines[3]} == "nothing() "*"the setup fails: ModuleNotFoundError: "* ]] || false
    [ "${lines[4]}" = "NumPy is not installed: calls left out: 1" ]
    run limited "$py" -c "import who_releases as w; w.CALLS = ${calls}[:2]
w.table(True)"
    "$py" -c 'import json, sys
first, second = json.loads(sys.argv[1])
assert first["verdict"] in ("releases", "unclear") and "fails" in second["verdict"]' "$output"
}

@test "without a GIL who_releases.py says that there is none" {
    cat >"$BATS_TEST_TMPDIR/free.py" <<'EOP'
import sys
sys._is_gil_enabled = lambda: False
import who_releases
who_releases.main()
EOP
    none="there is no GIL to hold: this Python runs without it"
    for statement in '' 'sum(range(1000))'; do
        PYTHONPATH=$PWD run limited "$py" "$BATS_TEST_TMPDIR/free.py" ${statement:+"$statement"}
        echo "$output"
        [ "$status" -eq 0 ]
        [ "$output" = "$none" ]
    done
}
