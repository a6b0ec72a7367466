# shellcheck shell=bash disable=SC2154,SC2030,SC2031,SC2053 # Bats sets status, output and lines
load ../tools/helper

setup() { cd "$BATS_TEST_DIRNAME" || return 1; }

# answers PATTERN EXIT ARGUMENT ...: the program answers so. "unclear" is no wrong answer, so it is
# asked again, and where it stays unclear there is nothing to test.
answers() {
    gil_is_on || skip "this interpreter has no GIL"
    for _ in 1 2 3; do
        run "${wrapper:-limited}" "$PY" "${program:-who_releases.py}" "${@:3}"
        [[ $output == unclear:* ]] || break
    done
    [[ $output != unclear:* ]] || skip "this machine is too busy"
    [ "$status" -eq "$2" ] && [ "${#lines[@]}" -eq 1 ] && [[ $output == $1 ]]
}

# fails_with TEXT ARGUMENT ...: exit 2, and one line with this text
fails_with() {
    run limited "$PY" who_releases.py "${@:2}"
    [ "$status" -eq 2 ] && [ "${#lines[@]}" -eq 1 ] && [[ $output == "who_releases.py: "*"$1"* ]]
}

# twin FILE SED-EXPRESSION ...: who_releases.py with these changes is the program to test.
twin() {
    program=$BATS_TEST_TMPDIR/$1
    cp who_releases.py "$program" && edit "$program" "${@:2}"
}

@test "who_releases.py knows calls that release the GIL" {
    answers 'releases it (* ms)' 0 -s 'import time' 'time.sleep(0.02)'
    answers 'releases it (* ms)' 0 -s 'import hashlib; b = bytes(20_000_000)' 'hashlib.sha256(b)'
    answers 'releases it (* ms)' 0 -s 'import zlib' -s 'b = bytes(5_000_000)' 'zlib.compress(b)'
    answers 'releases it (* ms)' 0 -s 'import hashlib; b = bytes(20_000)' 'hashlib.sha256(b)'
}

@test "who_releases.py knows calls that hold it, and calls that hold it most of the time" {
    held='holds it (longest wait of another thread * ms of * ms)'
    answers "$held" 1 -s 'import json; d = [{"a": i} for i in range(100_000)]' 'json.dumps(d)'
    answers "$held" 1 '7**200_000'
    naps='import ctypes, time; nap = ctypes.PyDLL(None).usleep' # PyDLL keeps the GIL, CDLL would not
    answers "$held" 1 -s "$naps" 'nap(20_000)'
    answers 'releases it for part of the call (* ms of * ms)' 1 -s "$naps" 'nap(30_000)' 'time.sleep(0.015)'
}

@test "who_releases.py knows Python code, which takes turns, and is right on one core, too" {
    answers 'takes turns (*)' 1 'for i in range(800_000): pass'
    wrapper=on_one_core
    answers 'takes turns (*)' 1 'for i in range(800_000): pass'
    answers 'releases it (*)' 0 -s 'import hashlib; b = bytes(20_000_000)' 'hashlib.sha256(b)'
    answers 'holds it (*)' 1 '7**200_000'
}

@test "without a long switch interval a Python loop seems to release the GIL, which the check catches" {
    twin twin.py 's/calls, 1 + 10 \* first.seconds/calls, interval/' 's/ = run.seconds < interval/ = True/'
    for _ in 1 2 3 4 5; do # on a busy machine the loop may take longer than the interval
        ! answers 'releases it (*)' 0 'for i in range(800_000): pass' || return 0
    done
    false
}

@test "without controls a starved watcher is taken for a held GIL, which the check catches" {
    gil_is_on || skip "this interpreter has no GIL"
    # A watcher that naps for long is as blind as one that gets no core.
    nap='/def run/,/append/s/NAP/0.1/'
    twin blind.py "$nap" 's/^PATIENCE = .*/PATIENCE = 0.1/'
    run -3 limited "$PY" "$program" -s 'import time' 'time.sleep(0.02)'
    [[ $output == unclear:* ]] || false
    twin sure.py "$nap" 's/evidence += .*/evidence += 1/'
    answers 'holds it (*)' 1 -s 'import time' 'time.sleep(0.02)'
}

@test "who_releases.py does not guess about a call that is too short" {
    answers 'too short to judge: 0.* ms a call; give it more data' 3 -s 'd = {"a": 1}' 'len(d)'
}

@test "who_releases.py --json prints one object, and exits with the same codes" {
    answers '{*"verdict": "holds"*}' 1 --json '7**200_000'
    answers '{*"verdict": "releases"*}' 0 --json -s 'import time' 'time.sleep(0.01)' 'time.sleep(0.01)'
    "$PY" -c 'import json, sys
a = json.loads(sys.argv[1])
assert a["statement"] == "time.sleep(0.01)\ntime.sleep(0.01)" and a["setup"] == "import time", a
assert 0.02 <= a["seconds"] and 0 < a["longest_wait"] <= a["seconds"] / 2, a
assert a["switch_interval"] == 0.005 and a["gil"] is True, a
assert a["python"] == sys.version.split()[0], a' "$output"
}

@test "what the statement prints goes to stderr" {
    [ "$(limited "$PY" who_releases.py 'print("hello")' 2>"$BATS_TEST_TMPDIR/err" | wc -l)" -eq 1 ]
    grep -qx hello "$BATS_TEST_TMPDIR/err"
}

@test "a statement that fails, and wrong use, end in one line and with exit code 2" {
    fails_with 'the statement fails: ZeroDivisionError: division by zero' '1 / 0'
    fails_with 'the statement fails: SyntaxError: ' 'x ='
    fails_with 'the statement fails: SystemExit: 0' 'exit(0)'
    fails_with 'the statement fails: ValueError: two' 'raise ValueError("two\nlines")'
    ! gil_is_on || fails_with 'the statement fails: RuntimeError: later' -s 'n = iter(range(4))' \
        'if next(n) == 3: raise RuntimeError("later")'
    fails_with "the setup fails: ModuleNotFoundError: No module named 'nothing'" -s 'import nothing' pass
    fails_with 'argument -s: ' -s 'import time'
}

@test "Ctrl-C ends who_releases.py in one line, with exit code 130" {
    run limited "$PY" -c '
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # where a script started us, it is ignored
statement = "import time; print(\"here\", flush=True); time.sleep(100)"
command = [sys.executable, "who_releases.py", statement]
program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
assert program.stderr.readline() == "here\n"
program.send_signal(signal.SIGINT)
seen = program.communicate()[1], program.wait()
assert seen == ("who_releases.py: interrupted\n", -signal.SIGINT), seen'
    [ "$status" -eq 0 ]
}

@test "who_releases.py works alone in another folder, imports from there, and needs no packages" {
    mkdir "$BATS_TEST_TMPDIR/my project"
    cp who_releases.py "$BATS_TEST_TMPDIR/my project"
    cd "$BATS_TEST_TMPDIR/my project" || return 1
    echo 'import time; nap = lambda: time.sleep(0.02)' >mine.py
    run limited "$PY" -I -S who_releases.py -s 'import mine' 'mine.nap()'
    [[ $output == "releases it ("* || $output == "there is no GIL to hold"* || $output == unclear:* ]] || false
}

@test "without a statement there is a table, without NumPy where there is none; a call may fail" {
    gil_is_on || skip "this interpreter has no GIL"
    calls='[("import time", "time.sleep(0.02)"), ("import nothing", "nothing()"), (w.NUMPY + "0", "a")]'
    run limited "$PY" -c "import who_releases as w; w.CALLS = $calls
w.importlib.util.find_spec = lambda name: None
w.table(False)"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == 'who releases the GIL? CPython 3.'*', switch interval 5.0 ms' ]] || false
    [[ ${lines[1]} == call*time*'longest wait'*verdict ]] || false
    [[ ${lines[2]} =~ ^time\.sleep\(0\.02\)\ +[0-9.]+\ ms\ +[0-9.]+\ ms\ \ (releases|unclear)$ ]] || false
    [[ ${lines[3]} == "nothing() "*"the setup fails: ModuleNotFoundError: "* ]] || false
    [ "${lines[4]}" = "NumPy is not installed: calls left out: 1" ]
}

@test "without a GIL who_releases.py says that there is none" {
    for statement in '' 'sum(range(1000))'; do
        run limited "$PY" -c 'import sys
sys._is_gil_enabled = lambda: False
import who_releases
sys.exit(who_releases.main())' ${statement:+"$statement"}
        [ "$status" -eq 0 ]
        [ "$output" = "there is no GIL to hold: this Python runs without it" ]
    done
}
